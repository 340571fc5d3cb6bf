// SPDX-License-Identifier: Apache-2.0
// Correlator: what is remembered of earlier matches, for rules that look at more than one event.
//
// Each rule that counts, and each that comes after another, has a table; a table has groups of
// matches, one for each combination of values of the fields that divide them. All times are those
// of events, so that the same matches in the same order give the same answers whenever they are
// asked. A match may enter late (its event was held): it takes its place by its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nezuban::ruleset {

struct CorrelatorLimits {
  std::size_t groups_per_table = 4096;
  std::size_t bytes = std::size_t{16} << 20;  // of all tables, roughly
};

// Of one group: the values of its fields in the rule's order; nullopt: not known.
using GroupKey = std::vector<std::optional<std::string>>;

// A match that was remembered.
struct Remembered {
  std::uint64_t time_ns = 0;
  std::string id;
  bool uncertain = false;  // of its own, or because a value of one of the two was not known
};

// One thread.
class Correlator {
 public:
  explicit Correlator(CorrelatorLimits limits = {}) : limits_(limits) {}

  // Of one group the latest matches are kept, this many. More would only matter to a match that
  // comes so late that as many others of the group came between.
  static constexpr std::size_t kKeptToJoin = 8;
  // An alert names no more than these.
  static constexpr std::size_t kMostRelated = 4;

  // A match of the rule that `table` is fed by.
  void Remember(std::uint64_t table, const GroupKey& key, const Remembered& match,
                std::uint64_t within_ns);

  // The matches remembered under that key before `time_ns`, not longer ago than `within_ns`; latest
  // first, at most kMostRelated. A value that is not known, in the one or the other, is like any.
  std::vector<Remembered> Recall(std::uint64_t table, const GroupKey& key, std::uint64_t time_ns,
                                 std::uint64_t within_ns) const;

  struct CountRule {
    std::uint64_t at_least = 1;
    std::uint64_t within_ns = 0;
    bool distinct = false;
  };

  // A match to be counted.
  struct Match {
    std::uint64_t time_ns = 0;
    std::string_view value = {};  // what is to differ, where the rule asks for that
    bool uncertain = false;       // possibly none
  };

  struct Completed {
    std::uint64_t matches = 0;  // since the last alert
    bool uncertain = false;     // of the `at_least` that were needed, one or more possibly are none
  };

  // One more match of a group. What it completes, if with it there are `at_least` (or of different
  // values) within the time, and the group has been silent for that long; else nullopt.
  std::optional<Completed> Count(std::uint64_t table, const GroupKey& key, const Match& match,
                                 const CountRule& rule);

  // How many (of `at_least`) the group has within the time up to `time_ns`.
  std::uint64_t Counted(std::uint64_t table, const GroupKey& key, std::uint64_t time_ns,
                        const CountRule& rule) const;

  // Matches of the rule that feeds `table` wait for a decision, or wait no longer.
  void BeginWait(std::uint64_t rule) { ++waiting_[rule]; }
  void EndWait(std::uint64_t rule);
  bool Waits(std::uint64_t rule) const { return waiting_.contains(rule); }

  // Forgets all tables but these.
  void Keep(const std::set<std::uint64_t>& tables);

  std::size_t groups() const { return groups_; }
  std::size_t bytes() const { return bytes_; }
  // Groups given up for others before their time was over; a count.
  std::uint64_t evicted() const { return evicted_; }

 private:
  struct Entry {
    std::uint64_t time_ns;
    std::string text;  // an id, a value, or nothing
    bool uncertain = false;
    bool operator<(const Entry& o) const {
      return time_ns != o.time_ns ? time_ns < o.time_ns : text < o.text;
    }
  };
  struct Group {
    GroupKey key;
    std::string name;  // the key as one text
    std::multiset<Entry> entries;
    std::unordered_map<std::string, std::uint64_t>
        latest;  // by value, of those that have to differ
    std::uint64_t newest_ns = 0;
    std::optional<std::uint64_t> alerted_ns;
    std::uint64_t matches = 0;   // since the last alert
    std::size_t text_bytes = 0;  // of the entries
    std::size_t bytes = 0;       // all of it, as last measured
  };
  struct Table {
    std::list<Group> groups;  // the one that was touched last is the last
    std::unordered_map<std::string, std::list<Group>::iterator> by_name;
    std::size_t with_unknown = 0;  // groups that have something unknown in their key
    std::uint64_t within_ns = 0;
    std::uint64_t newest_ns = 0;
  };

  Table& Touched(std::uint64_t table, std::uint64_t time_ns, std::uint64_t within_ns);
  Group& GroupOf(Table& table, const GroupKey& key);
  const Group* Find(const Table& table, const GroupKey& key) const;
  static void Add(Group& group, Entry entry);
  static void AddValue(Group& group, const Match& match);
  static void Drop(Group& group, std::multiset<Entry>::iterator entry);
  void Measure(Group& group);
  void DropFront(Table& table);
  void Bound();

  const CorrelatorLimits limits_;
  std::map<std::uint64_t, Table> tables_;
  std::map<std::uint64_t, std::size_t> waiting_;  // by rule: matches of it that are held
  std::size_t groups_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace nezuban::ruleset
