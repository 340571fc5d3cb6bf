// SPDX-License-Identifier: Apache-2.0
#include "ruleset/correlator.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace nezuban::ruleset {
namespace {

// What a node of a map or list costs besides its content.
constexpr std::size_t kNodeBytes = 64;
// Groups are kept that much longer than their rule looks back, for matches that come late.
constexpr std::uint64_t kLatestNs = 10'000'000'000;
// Longer texts are kept as their head and a hash: a group must not cost what a path may be long.
constexpr std::size_t kLongestText = 256;

std::string Shortened(std::string_view text) {
  if (text.size() <= kLongestText) return std::string(text);
  return std::string(text.substr(0, kLongestText)) + "#" +
         std::to_string(std::hash<std::string_view>()(text)) + "#" + std::to_string(text.size());
}

// As a group keeps it.
GroupKey ShortenedKey(const GroupKey& key) {
  GroupKey shortened;
  for (const auto& value : key) {
    shortened.push_back(value ? std::optional(Shortened(*value)) : std::nullopt);
  }
  return shortened;
}

bool HasUnknown(const GroupKey& key) {
  return std::ranges::any_of(key, [](const auto& value) { return !value.has_value(); });
}

std::string NameOf(const GroupKey& key) {
  std::string name;
  for (const auto& value : key) {
    if (value) {
      const std::string text = Shortened(*value);
      name += std::to_string(text.size()) + ":" + text;
    } else {
      name += "?";
    }
  }
  return name;
}

bool MayBeEqual(const GroupKey& a, const GroupKey& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return !x || !y || x == y; });
}

// Whether `time_ns` lies no further back from `now_ns` than that.
bool IsWithin(std::uint64_t time_ns, std::uint64_t now_ns, std::uint64_t within_ns) {
  return time_ns >= now_ns || now_ns - time_ns <= within_ns;
}

}  // namespace

void Correlator::EndWait(std::uint64_t rule) {
  const auto at = waiting_.find(rule);
  if (at != waiting_.end() && --at->second == 0) waiting_.erase(at);
}

void Correlator::Remember(std::uint64_t table_key, const GroupKey& key, const Remembered& match,
                          std::uint64_t within_ns) {
  Table& table = Touched(table_key, match.time_ns, within_ns);
  Group& group = GroupOf(table, key);
  group.newest_ns = std::max(group.newest_ns, match.time_ns);
  Add(group, {match.time_ns, match.id, match.uncertain});
  if (group.entries.size() > kKeptToJoin) Drop(group, group.entries.begin());
  Measure(group);
  Bound();
}

std::vector<Remembered> Correlator::Recall(std::uint64_t table_key, const GroupKey& key,
                                           std::uint64_t time_ns, std::uint64_t within_ns) const {
  std::vector<Remembered> found;
  const auto table = tables_.find(table_key);
  if (table == tables_.end()) return found;
  const auto take = [&](const Group& group, bool uncertain) {
    for (const Entry& entry : group.entries) {
      if (entry.time_ns >= time_ns || !IsWithin(entry.time_ns, time_ns, within_ns)) continue;
      found.push_back({entry.time_ns, entry.text, entry.uncertain || uncertain});
    }
  };
  if (!HasUnknown(key) && table->second.with_unknown == 0) {
    if (const Group* group = Find(table->second, key)) take(*group, false);
  } else {
    const GroupKey shortened = ShortenedKey(key);
    for (const Group& group : table->second.groups) {
      if (!MayBeEqual(group.key, shortened)) continue;
      take(group, HasUnknown(group.key) || HasUnknown(key));
    }
  }
  std::ranges::sort(found, [](const Remembered& a, const Remembered& b) {
    return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.id < b.id;
  });
  if (found.size() > kMostRelated) found.resize(kMostRelated);
  return found;
}

std::optional<Correlator::Completed> Correlator::Count(std::uint64_t table_key, const GroupKey& key,
                                                       const Match& match, const CountRule& rule) {
  const std::uint64_t time_ns = match.time_ns;
  Table& table = Touched(table_key, time_ns, rule.within_ns);
  Group& group = GroupOf(table, key);
  const bool late = !IsWithin(time_ns, group.newest_ns, rule.within_ns);
  if (late) return std::nullopt;  // what it belonged to is over
  if (!IsWithin(group.newest_ns, time_ns, rule.within_ns)) group.matches = 0;
  group.newest_ns = std::max(group.newest_ns, time_ns);
  ++group.matches;
  if (rule.distinct) {
    AddValue(group, match);
  } else {
    Add(group, {time_ns, {}, match.uncertain});
  }
  // The latest `at_least` are enough to tell whether that many lie within the time.
  while (group.entries.size() > rule.at_least ||
         !IsWithin(group.entries.begin()->time_ns, group.newest_ns, rule.within_ns)) {
    Drop(group, group.entries.begin());
  }
  const bool silent =
      group.alerted_ns && IsWithin(*group.alerted_ns, group.newest_ns, rule.within_ns);
  std::optional<Completed> completed;
  if (group.entries.size() >= rule.at_least && !silent) {
    completed = {std::exchange(group.matches, 0),
                 std::ranges::any_of(group.entries, &Entry::uncertain)};
    group.alerted_ns = group.newest_ns;
  }
  Measure(group);
  Bound();
  return completed;
}

std::uint64_t Correlator::Counted(std::uint64_t table_key, const GroupKey& key,
                                  std::uint64_t time_ns, const CountRule& rule) const {
  const auto table = tables_.find(table_key);
  const Group* group = table == tables_.end() ? nullptr : Find(table->second, key);
  if (group == nullptr) return 0;
  return static_cast<std::uint64_t>(std::ranges::count_if(group->entries, [&](const Entry& entry) {
    return IsWithin(entry.time_ns, time_ns, rule.within_ns);
  }));
}

void Correlator::Add(Group& group, Entry entry) {
  group.text_bytes += entry.text.size();
  group.entries.insert(std::move(entry));
}

void Correlator::AddValue(Group& group, const Match& match) {
  std::string text = Shortened(match.value);
  const auto [at, is_new] = group.latest.try_emplace(text, match.time_ns);
  if (!is_new) {
    if (at->second >= match.time_ns) return;
    Drop(group, group.entries.find({at->second, text}));
    group.latest.emplace(text, match.time_ns);
  }
  Add(group, {match.time_ns, std::move(text), match.uncertain});
}

void Correlator::Drop(Group& group, std::multiset<Entry>::iterator entry) {
  group.text_bytes -= entry->text.size();
  group.latest.erase(entry->text);
  group.entries.erase(entry);
}

Correlator::Table& Correlator::Touched(std::uint64_t table_key, std::uint64_t time_ns,
                                       std::uint64_t within_ns) {
  Table& table = tables_[table_key];
  table.within_ns = within_ns;
  table.newest_ns = std::max(table.newest_ns, time_ns);
  while (!table.groups.empty() &&
         !IsWithin(table.groups.front().newest_ns, table.newest_ns, within_ns + kLatestNs)) {
    DropFront(table);
  }
  return table;
}

Correlator::Group& Correlator::GroupOf(Table& table, const GroupKey& key) {
  std::string name = NameOf(key);
  if (const auto at = table.by_name.find(name); at != table.by_name.end()) {
    table.groups.splice(table.groups.end(), table.groups, at->second);
    return table.groups.back();
  }
  if (table.groups.size() >= limits_.groups_per_table) {
    ++evicted_;
    DropFront(table);
  }
  Group& group = table.groups.emplace_back();
  group.key = ShortenedKey(key);
  table.with_unknown += HasUnknown(key) ? 1 : 0;
  table.by_name.emplace(name, std::prev(table.groups.end()));
  group.name = std::move(name);
  ++groups_;
  return group;
}

const Correlator::Group* Correlator::Find(const Table& table, const GroupKey& key) const {
  const auto at = table.by_name.find(NameOf(key));
  return at == table.by_name.end() ? nullptr : &*at->second;
}

void Correlator::Measure(Group& group) {
  std::size_t bytes = sizeof(Group) + 3 * (kNodeBytes + group.name.size());
  bytes += group.entries.size() * (sizeof(Entry) + kNodeBytes) + group.text_bytes;
  if (!group.latest.empty()) bytes += group.latest.size() * kNodeBytes + group.text_bytes;
  bytes_ += bytes - group.bytes;
  group.bytes = bytes;
}

void Correlator::DropFront(Table& table) {
  const Group& group = table.groups.front();
  table.with_unknown -= HasUnknown(group.key) ? 1 : 0;
  table.by_name.erase(group.name);
  bytes_ -= group.bytes;
  --groups_;
  table.groups.pop_front();
}

// Gives up what was touched longest ago, whichever table has it.
void Correlator::Bound() {
  while (bytes_ > limits_.bytes) {
    Table* oldest = nullptr;
    for (auto& [key, table] : tables_) {
      if (table.groups.empty()) continue;
      const bool older =
          oldest == nullptr || table.groups.front().newest_ns < oldest->groups.front().newest_ns;
      if (older) oldest = &table;
    }
    if (oldest == nullptr) return;
    const bool over =
        !IsWithin(oldest->groups.front().newest_ns, oldest->newest_ns, oldest->within_ns);
    evicted_ += over ? 0 : 1;
    DropFront(*oldest);
  }
}

void Correlator::Keep(const std::set<std::uint64_t>& tables) {
  for (auto at = tables_.begin(); at != tables_.end();) {
    if (tables.contains(at->first)) {
      ++at;
      continue;
    }
    while (!at->second.groups.empty()) DropFront(at->second);
    at = tables_.erase(at);
  }
}

}  // namespace nezuban::ruleset
