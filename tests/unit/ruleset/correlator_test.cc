// SPDX-License-Identifier: Apache-2.0
// What is remembered of earlier matches, against a model that forgets nothing.
#include "ruleset/correlator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace nezuban::ruleset {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTable = 1;

std::vector<std::string> Ids(const std::vector<Remembered>& matches) {
  std::vector<std::string> ids;
  for (const Remembered& match : matches) ids.push_back(match.id + (match.uncertain ? "?" : ""));
  return ids;
}

TEST(Correlator, RecallsWhatCameBeforeLatestFirst) {
  Correlator c;
  c.Remember(kTable, {"a"}, {10 * kSecond, "first"}, 5 * kSecond);
  c.Remember(kTable, {"a"}, {12 * kSecond, "second"}, 5 * kSecond);
  c.Remember(kTable, {"b"}, {12 * kSecond, "other"}, 5 * kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {"a"}, 13 * kSecond, 5 * kSecond)),
              ElementsAre("second", "first"));
  EXPECT_THAT(Ids(c.Recall(kTable, {"a"}, 12 * kSecond, 5 * kSecond)), ElementsAre("first"))
      << "not itself, nor what happened at the same time";
  EXPECT_THAT(Ids(c.Recall(kTable, {"a"}, 17 * kSecond, 5 * kSecond)), ElementsAre("second"))
      << "the end of the time belongs to it";
  EXPECT_THAT(Ids(c.Recall(kTable, {"a"}, 17 * kSecond + 1, 5 * kSecond)), IsEmpty());
  EXPECT_THAT(Ids(c.Recall(kTable, {"c"}, 13 * kSecond, 5 * kSecond)), IsEmpty());
  EXPECT_THAT(Ids(c.Recall(2, {"a"}, 13 * kSecond, 5 * kSecond)), IsEmpty());
}

// Two keys must not look the same when their values are written one after the other.
TEST(Correlator, KeysAreToldApart) {
  Correlator c;
  c.Remember(kTable, {"a1:b", "c"}, {kSecond, "x"}, kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {"a", "b1:c"}, kSecond + 1, kSecond)), IsEmpty());
  EXPECT_THAT(Ids(c.Recall(kTable, {"?", "c"}, kSecond + 1, kSecond)), IsEmpty());
  const std::string long_text(1000, 'x');
  c.Remember(kTable, {long_text + "1", ""}, {kSecond, "y"}, kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {long_text + "2", ""}, kSecond + 1, kSecond)), IsEmpty());
  EXPECT_THAT(Ids(c.Recall(kTable, {long_text + "1", ""}, kSecond + 1, kSecond)), ElementsAre("y"));
}

TEST(Correlator, WhatIsNotKnownIsLikeAnything) {
  Correlator c;
  c.Remember(kTable, {"a", "1"}, {1 * kSecond, "known"}, 9 * kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {std::nullopt, "1"}, 2 * kSecond, 9 * kSecond)),
              ElementsAre("known?"));
  EXPECT_THAT(Ids(c.Recall(kTable, {std::nullopt, "2"}, 2 * kSecond, 9 * kSecond)), IsEmpty());
  c.Remember(kTable, {std::nullopt, "2"}, {2 * kSecond, "unknown"}, 9 * kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {"b", "2"}, 3 * kSecond, 9 * kSecond)), ElementsAre("unknown?"));
  EXPECT_THAT(Ids(c.Recall(kTable, {"a", "1"}, 3 * kSecond, 9 * kSecond)), ElementsAre("known"));
}

// Groups keep long values shortened; what is compared with them one by one must be too.
TEST(Correlator, ALongValueIsFoundBesideOneThatIsNotKnown) {
  Correlator c;
  const std::string text(300, 'x');
  c.Remember(kTable, {std::nullopt}, {1 * kSecond, "unknown"}, 9 * kSecond);
  c.Remember(kTable, {text}, {2 * kSecond, "known"}, 9 * kSecond);
  EXPECT_THAT(Ids(c.Recall(kTable, {text}, 3 * kSecond, 9 * kSecond)),
              ElementsAre("known", "unknown?"));
  EXPECT_THAT(Ids(c.Recall(kTable, {text + "y"}, 3 * kSecond, 9 * kSecond)),
              ElementsAre("unknown?"));
}

TEST(Correlator, CountsOnceInAWindow) {
  Correlator c;
  const Correlator::CountRule rule{3, 10 * kSecond, false};
  std::vector<std::uint64_t> alerts;
  for (std::uint64_t second = 0; second < 40; ++second) {
    if (const auto matches = c.Count(kTable, {"a"}, {second * kSecond}, rule)) {
      alerts.push_back(second);
      alerts.push_back(matches->matches);
    }
  }
  EXPECT_THAT(alerts, ElementsAre(2, 3, 13, 11, 24, 11, 35, 11));
}

TEST(Correlator, CountsDifferentValues) {
  Correlator c;
  const Correlator::CountRule rule{3, 10 * kSecond, true};
  EXPECT_FALSE(c.Count(kTable, {}, {1 * kSecond, "x"}, rule));
  EXPECT_FALSE(c.Count(kTable, {}, {2 * kSecond, "y"}, rule));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(c.Count(kTable, {}, {3 * kSecond, "y"}, rule));
  EXPECT_EQ(c.Counted(kTable, {}, 3 * kSecond, rule), 2U);
  EXPECT_FALSE(c.Count(kTable, {}, {12 * kSecond, "z"}, rule)) << "x was too long ago";
  EXPECT_EQ(c.Count(kTable, {}, {13 * kSecond, "x"}, rule)->matches, 104U);
}

TEST(Correlator, WhatWasCountedAndPossiblyIsNoneSaysSo) {
  for (const bool distinct : {false, true}) {
    Correlator c;
    const Correlator::CountRule rule{2, 5 * kSecond, distinct};
    EXPECT_FALSE(c.Count(kTable, {}, {1 * kSecond, "x", true}, rule));
    EXPECT_TRUE(c.Count(kTable, {}, {2 * kSecond, "y"}, rule)->uncertain);
    EXPECT_FALSE(c.Count(kTable, {}, {7 * kSecond, "x"}, rule));
    EXPECT_FALSE(c.Count(kTable, {}, {8 * kSecond, "y"}, rule)->uncertain) << "without the first";
  }
}

TEST(Correlator, AMatchThatComesLateTakesItsPlace) {
  Correlator c;
  const Correlator::CountRule rule{3, 10 * kSecond, false};
  EXPECT_FALSE(c.Count(kTable, {}, {20 * kSecond}, rule));
  EXPECT_FALSE(c.Count(kTable, {}, {21 * kSecond}, rule));
  EXPECT_FALSE(c.Count(kTable, {}, {10 * kSecond}, rule)) << "over already";
  EXPECT_TRUE(c.Count(kTable, {}, {11 * kSecond}, rule));
}

TEST(Correlator, ATableIsBounded) {
  Correlator c({.groups_per_table = 3});
  for (const char* key : {"a", "b", "c", "a", "d"}) {
    c.Remember(kTable, {key}, {kSecond, key}, kSecond);
  }
  EXPECT_EQ(c.groups(), 3U);
  EXPECT_EQ(c.evicted(), 1U);
  EXPECT_THAT(Ids(c.Recall(kTable, {"b"}, 2 * kSecond, kSecond)), IsEmpty());
  EXPECT_THAT(Ids(c.Recall(kTable, {"a"}, 2 * kSecond, kSecond)), ElementsAre("a", "a"))
      << "the one that was not touched for longest had to go";
}

TEST(Correlator, AllTablesTogetherAreBounded) {
  Correlator c({.bytes = 64 * 1024});
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const GroupKey key = {std::string(i % 500, 'k') + std::to_string(i)};
    if (i % 2 == 0) {
      c.Remember(i % 7, key, {i * 1000, std::string(200, 'i')}, 3600 * kSecond);
    } else {
      const std::string value = std::string(i % 3000, 'v') + std::to_string(i);
      c.Count(i % 7, key, {i * 1000, value}, {100, 3600 * kSecond, true});
    }
    ASSERT_LE(c.bytes(), 64U * 1024);
  }
  EXPECT_GT(c.groups(), 20U);
  EXPECT_GT(c.evicted(), 9000U);
  c.Keep({});
  EXPECT_EQ(c.groups(), 0U);
  EXPECT_EQ(c.bytes(), 0U);
}

TEST(Correlator, WhatIsOverIsForgottenAndNotCountedAsLost) {
  Correlator c;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    c.Remember(kTable, {std::to_string(i)}, {i * kSecond, "x"}, 2 * kSecond);
  }
  EXPECT_LT(c.groups(), 20U);
  EXPECT_EQ(c.evicted(), 0U);
}

// Forgets nothing and looks at everything.
struct Model {
  struct Seen {
    std::uint64_t table;
    std::string key;
    std::uint64_t time_ns;
    std::string text;
  };
  std::vector<Seen> seen;
  std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> alerted;

  std::vector<std::string> Recall(std::uint64_t table, const std::string& key, std::uint64_t now,
                                  std::uint64_t within) const {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    for (const Seen& one : seen) {
      if (one.table == table && one.key == key && one.time_ns < now &&
          one.time_ns + within >= now) {
        found.emplace_back(~one.time_ns, one.text);
      }
    }
    std::ranges::sort(found);
    std::vector<std::string> ids;
    for (const auto& [time, id] : found) ids.push_back(id);
    if (ids.size() > Correlator::kMostRelated) ids.resize(Correlator::kMostRelated);
    return ids;
  }

  bool Count(std::uint64_t table, const std::string& key, std::uint64_t time, std::string text,
             const Correlator::CountRule& rule) {
    std::uint64_t newest = time;
    for (const Seen& one : seen) {
      if (one.table == table && one.key == key) newest = std::max(newest, one.time_ns);
    }
    if (time + rule.within_ns < newest) return false;
    if (!rule.distinct) text = std::to_string(seen.size());
    seen.push_back({table, key, time, std::move(text)});
    std::set<std::string> values;
    for (const Seen& one : seen) {
      if (one.table == table && one.key == key && one.time_ns + rule.within_ns >= newest) {
        values.insert(one.text);
      }
    }
    const auto last = alerted.find({table, key});
    if (last != alerted.end() && last->second + rule.within_ns >= newest) return false;
    if (values.size() < rule.at_least) return false;
    alerted[{table, key}] = newest;
    return true;
  }
};

// Times advance, with some matches that come late by up to half a second.
TEST(Correlator, AgreesWithTheModel) {
  for (unsigned round = 0; round < 60; ++round) {
    std::mt19937 random(round);  // NOLINT: the same every time
    Correlator c;
    Model model;
    std::uint64_t now = 100 * kSecond;
    const Correlator::CountRule rules[] = {{2 + random() % 5, (1 + random() % 4) * kSecond, false},
                                           {2 + random() % 5, (1 + random() % 4) * kSecond, true}};
    for (int i = 0; i < 400; ++i) {
      now += random() % (kSecond / 3);
      if (random() % 200 == 0) now += 20 * kSecond;
      const std::uint64_t time = now - (random() % 4 == 0 ? random() % (kSecond / 2) : 0);
      const std::string key = std::to_string(random() % 3);
      const std::string value = std::to_string(random() % 6);
      const std::uint64_t what = random() % 4;
      if (what < 2) {
        ASSERT_EQ(c.Count(what, {key}, {time, value}, rules[what]).has_value(),
                  model.Count(what, key, time, value, rules[what]))
            << round << ", " << i;
      } else if (what == 2) {
        c.Remember(7, {key}, {time, std::to_string(i)}, 2 * kSecond);
        model.seen.push_back({7, key, time, std::to_string(i)});
      } else {
        ASSERT_EQ(Ids(c.Recall(7, {key}, now, 2 * kSecond)), model.Recall(7, key, now, 2 * kSecond))
            << round << ", " << i;
      }
    }
    EXPECT_EQ(c.evicted(), 0U);
  }
}

}  // namespace
}  // namespace nezuban::ruleset
