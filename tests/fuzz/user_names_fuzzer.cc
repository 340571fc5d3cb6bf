// SPDX-License-Identifier: Apache-2.0
// Any bytes as a passwd file, a group file and an id map.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "state/user_names.h"

using namespace nezuban::state;  // NOLINT: a test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr NamesLimits kLimits{.file_bytes = 0, .entries = 8};
  const std::vector<IdRange> all = {{0, 0, 0xffffffffU}};
  for (const auto& map : {all, ParseIdMap(text)}) {
    UserNames names;
    AddPasswd(text, map, kLimits, names);
    AddGroup(text, map, kLimits, names);
    CHECK(names.users.size() <= kLimits.entries && names.groups.size() <= kLimits.entries);
    CHECK(names.Bytes() <= sizeof(names) + 8 * (sizeof(User) + sizeof(Group)) + 2 * size);
    for (const User& user : names.users) {
      CHECK(names.FindUser(user.uid) == &user && !user.name.empty());
      CHECK(text.find(user.name) != std::string_view::npos);
      CHECK(user.name.find_first_of(":\n") == std::string::npos);
    }
    for (const Group& group : names.groups) CHECK(names.FindGroup(group.gid) == &group);
  }
  return 0;
}
