// SPDX-License-Identifier: Apache-2.0
// UserNames: what the passwd and group files of the node or of a container say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nezuban::state {

struct User {
  std::uint32_t uid = 0;
  std::string name, home, shell;
  bool operator==(const User&) const = default;
};

struct Group {
  std::uint32_t gid = 0;
  std::string name;
  bool operator==(const Group&) const = default;
};

// Ids are those of the node's user namespace.
struct UserNames {
  std::vector<User> users;    // by id, each once
  std::vector<Group> groups;  // by id, each once
  bool whole = true;          // false: there was more in the files than is kept

  const User* FindUser(std::uint32_t uid) const;    // nullptr: not in the file
  const Group* FindGroup(std::uint32_t gid) const;  // nullptr: not in the file
  std::size_t Bytes() const;                        // of memory, roughly
  bool operator==(const UserNames&) const = default;
};

// A file's bytes and entries beyond these are passed over.
struct NamesLimits {
  std::size_t file_bytes = std::size_t{256} << 10;
  std::size_t entries = 4096;
};

// Where ids of a user namespace lie among the node's: the lines of /proc/PID/uid_map or gid_map.
struct IdRange {
  std::uint32_t inside = 0, outside = 0, count = 0;
  bool operator==(const IdRange&) const = default;
};
std::vector<IdRange> ParseIdMap(std::string_view text);

// Adds what the text of a passwd or group file says. A line that is not of its form is passed over;
// of several with one id the first counts, as for getpwuid(3). Ids that `map` does not lead to the
// node's are left out.
void AddPasswd(std::string_view text, const std::vector<IdRange>& map, const NamesLimits& limits,
               UserNames& names);
void AddGroup(std::string_view text, const std::vector<IdRange>& map, const NamesLimits& limits,
              UserNames& names);

}  // namespace nezuban::state
