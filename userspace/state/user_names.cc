// SPDX-License-Identifier: Apache-2.0
#include "state/user_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_set>

namespace nezuban::state {
namespace {

constexpr std::size_t kMaxName = 256;    // LOGIN_NAME_MAX
constexpr std::size_t kMaxPath = 4096;   // PATH_MAX
constexpr std::size_t kMaxRanges = 340;  // the kernel's UID_GID_MAP_MAX_EXTENTS

// The columns between colons: exactly that many.
template <std::size_t n>
std::optional<std::array<std::string_view, n>> Columns(std::string_view line) {
  std::array<std::string_view, n> columns;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t end = line.find(':');
    if ((end == std::string_view::npos) != (i + 1 == n)) return std::nullopt;
    columns[i] = line.substr(0, end);
    line.remove_prefix(i + 1 == n ? line.size() : end + 1);
  }
  return columns;
}

std::optional<std::uint32_t> Number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A + or - in front is an order to look elsewhere (nsswitch's compat), not a name.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && text[0] != '+' && text[0] != '-';
}

std::optional<std::uint32_t> OnNode(std::uint32_t id, const std::vector<IdRange>& map) {
  for (const IdRange& range : map) {
    if (id >= range.inside && id - range.inside < range.count) {
      return range.outside + (id - range.inside);
    }
  }
  return std::nullopt;
}

template <typename OnLine>
void ForEachLine(std::string_view text, OnLine on_line) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    on_line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// Takes the lines of `columns` columns whose third is an id that nobody had before.
template <std::size_t columns, typename Make>
void AddLines(std::string_view text, const std::vector<IdRange>& map, const NamesLimits& limits,
              bool& whole, Make make) {
  std::unordered_set<std::uint32_t> seen;
  ForEachLine(text, [&](std::string_view line) {
    const auto row = Columns<columns>(line);
    if (!row || !IsName((*row)[0])) return;
    const auto id = Number((*row)[2]);
    const auto on_node = id ? OnNode(*id, map) : std::nullopt;
    if (!on_node || seen.contains(*on_node)) return;
    if (seen.size() >= limits.entries) {
      whole = false;
    } else if (make(*row, *on_node)) {
      seen.insert(*on_node);
    }
  });
}

}  // namespace

const User* UserNames::FindUser(std::uint32_t uid) const {
  const auto at = std::ranges::lower_bound(users, uid, {}, &User::uid);
  return at != users.end() && at->uid == uid ? &*at : nullptr;
}

const Group* UserNames::FindGroup(std::uint32_t gid) const {
  const auto at = std::ranges::lower_bound(groups, gid, {}, &Group::gid);
  return at != groups.end() && at->gid == gid ? &*at : nullptr;
}

std::size_t UserNames::Bytes() const {
  std::size_t bytes = sizeof(*this) + users.size() * sizeof(User) + groups.size() * sizeof(Group);
  for (const User& user : users) bytes += user.name.size() + user.home.size() + user.shell.size();
  for (const Group& group : groups) bytes += group.name.size();
  return bytes;
}

std::vector<IdRange> ParseIdMap(std::string_view text) {
  std::vector<IdRange> map;
  ForEachLine(text, [&](std::string_view line) {
    std::array<std::uint32_t, 3> numbers{};
    for (std::uint32_t& number : numbers) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      const std::string_view word = line.substr(0, line.find(' '));
      const auto parsed = Number(word);
      if (!parsed) return;
      number = *parsed;
      line.remove_prefix(word.size());
    }
    if (map.size() < kMaxRanges) map.push_back({numbers[0], numbers[1], numbers[2]});
  });
  return map;
}

void AddPasswd(std::string_view text, const std::vector<IdRange>& map, const NamesLimits& limits,
               UserNames& names) {
  AddLines<7>(text, map, limits, names.whole, [&](const auto& row, std::uint32_t uid) {
    if (row[5].size() > kMaxPath || row[6].size() > kMaxPath) return false;
    names.users.push_back({uid, std::string(row[0]), std::string(row[5]), std::string(row[6])});
    return true;
  });
  std::ranges::sort(names.users, {}, &User::uid);
}

void AddGroup(std::string_view text, const std::vector<IdRange>& map, const NamesLimits& limits,
              UserNames& names) {
  AddLines<4>(text, map, limits, names.whole, [&](const auto& row, std::uint32_t gid) {
    names.groups.push_back({gid, std::string(row[0])});
    return true;
  });
  std::ranges::sort(names.groups, {}, &Group::gid);
}

}  // namespace nezuban::state
