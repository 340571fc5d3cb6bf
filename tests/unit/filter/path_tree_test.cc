// SPDX-License-Identifier: Apache-2.0
#include "filter/path_tree.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/text.h"

namespace nezuban::filter {
namespace {

using fields::Text;

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> components(1);
  for (const char c : path) {
    if (c != '/') {
      components.back() += c;
    } else if (!components.back().empty()) {
      components.emplace_back();
    }
  }
  if (components.back().empty()) components.pop_back();
  return components;
}

// One pattern against a path that is whole, component by component.
bool Naive(std::string_view path, std::string_view pattern) {
  const auto have = Components(path);
  const auto want = Components(pattern);
  if (want.size() > have.size()) return false;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!GlobMatch(want[i], have[i])) return false;
  }
  return true;
}

TEST(PathTree, AnswersAsOnePatternAfterTheOther) {
  std::mt19937 random(23);
  const auto pick = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const auto path = [&](const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t n = pick(5); n > 0; --n) text += "/" + words[pick(words.size())];
    return text + (pick(4) == 0 ? "/" : "");
  };
  int yes = 0;
  for (int i = 0; i < 3000; ++i) {
    PathTree tree;
    std::vector<std::string> patterns;
    for (std::size_t n = pick(6); n > 0; --n) {
      patterns.push_back(path({"a", "ab", "b", "a*", "*", "?b", "/c"}));
      tree.Add(patterns.back());
    }
    const std::string value = path({"a", "ab", "b", "c", "/a"});
    bool want = false;
    for (const std::string& pattern : patterns) want = want || Naive(value, pattern);
    ASSERT_EQ(tree.Match(Text(value)), FromBool(want)) << value;
    yes += want;
    // A head of it decides nothing that the whole decides otherwise.
    for (std::size_t cut = 0; cut < value.size(); ++cut) {
      const Truth head = tree.Match(
          Text(std::string_view(value).substr(0, cut), static_cast<std::uint32_t>(value.size())));
      ASSERT_TRUE(head == Truth::kUnknown || head == FromBool(want)) << value << " cut at " << cut;
    }
  }
  EXPECT_GT(yes, 500);
}

// What a list of ten thousand directories costs does not show: this would take minutes otherwise.
TEST(PathTree, DoesNotSlowDownWithItsPatterns) {
  PathTree tree;
  for (int i = 0; i < 10'000; ++i) tree.Add("/srv/" + std::to_string(i) + "/data");
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(tree.Match(Text(std::string_view("/srv/9999/data/x"))), Truth::kTrue);
    ASSERT_EQ(tree.Match(Text(std::string_view("/srv/10000/data"))), Truth::kFalse);
  }
}

}  // namespace
}  // namespace nezuban::filter
