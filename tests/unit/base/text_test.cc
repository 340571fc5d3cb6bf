// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace nezuban {
namespace {

using testing::ElementsAre;
using namespace std::string_view_literals;

TEST(Text, GlobMatchesLikeFnmatchWithoutFlags) {
  struct Row {
    std::string_view pattern, text;
    bool matches;
  };
  for (const Row& row : {
           Row{"", "", true},
           Row{"", "a", false},
           Row{"*", "", true},
           Row{"*", "a/b", true},
           Row{"?", "", false},
           Row{"?", "/", true},
           Row{"a*c", "abc", true},
           Row{"a*c", "abcd", false},
           Row{"a*b*c", "a-b-b-c", true},
           Row{"*.sh", ".sh", true},
           Row{"/etc/*", "/etc/ssh/key", true},
           Row{"[abc]", "b", true},
           Row{"[abc]", "d", false},
           Row{"[!abc]", "d", true},
           Row{"[^abc]", "a", false},
           Row{"[a-f0-9]", "7", true},
           Row{"[a-f0-9]", "g", false},
           Row{"[]x]", "]", true},
           Row{"[!]]", "]", false},
           Row{"[a-]", "-", true},
           Row{"[\\]]", "]", true},
           Row{"[ab", "[ab", true},
           Row{"[ab", "a", false},
           Row{"\\*", "*", true},
           Row{"\\*", "a", false},
           Row{"\\", "\\", true},
           Row{"a\0b"sv, "a\0b"sv, true},
           Row{"[\x80-\xff]", "\xc3", true},
           Row{"**", "anything", true},
       }) {
    EXPECT_EQ(GlobMatch(row.pattern, row.text), row.matches) << row.pattern << " | " << row.text;
  }
}

TEST(Text, GlobWithManyStarsIsQuick) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  const std::string text(2000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(GlobMatch(pattern, text));
  EXPECT_FALSE(GlobMatch(pattern + "b", text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(Text, NearestFindsTypingErrorsOnly) {
  constexpr std::array<std::string_view, 4> kFields = {"proc.name", "proc.pname", "fd.rip",
                                                       "container.id"};
  EXPECT_EQ(Nearest("proc.nmae", kFields), "proc.name");
  EXPECT_EQ(Nearest("proc.name", kFields), "proc.name");
  EXPECT_EQ(Nearest("fd.ri", kFields), "fd.rip");
  EXPECT_EQ(Nearest("user.loginuid", kFields), std::nullopt);
  EXPECT_EQ(Nearest("", kFields), std::nullopt);
  EXPECT_EQ(Nearest(std::string(65, 'x'), kFields), std::nullopt);
  EXPECT_EQ(NearestHint("contaner.id", kFields), "did you mean 'container.id'?");
  EXPECT_EQ(NearestHint("zzz", kFields), "");
}

TEST(Text, SplitsAndTrims) {
  EXPECT_THAT(Split("a,b,,c", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_THAT(Split(",", ','), ElementsAre("", ""));
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Text, PrintableEscapesWhatCouldMoveACursor) {
  struct Row {
    std::string_view text, printed;
  };
  for (const Row& row : {
           Row{"plain /bin/sh", "plain /bin/sh"},
           Row{"a\nb\tc\rd", "a\\nb\\tc\\rd"},
           Row{"back\\slash", "back\\\\slash"},
           Row{"\x1b[31m", "\\x1b[31m"},
           Row{"nul\0!"sv, "nul\\x00!"},
           Row{"del\x7f", "del\\x7f"},
           Row{"寝ずの番", "寝ずの番"},
           Row{"\xc3\xa9", "\xc3\xa9"},
           Row{"\xc0\xaf", "\\xc0\\xaf"},                    // overlong '/'
           Row{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},           // overlong, three bytes
           Row{"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
           Row{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // past U+10FFFF
           Row{"\xe2\x82", "\\xe2\\x82"},                    // cut short
           Row{"\xff", "\\xff"},
           Row{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
       }) {
    EXPECT_EQ(Printable(row.text), row.printed);
  }
}

// U+0080 to U+009F are control characters too: some terminals take U+009B for ESC [.
TEST(Text, PrintableEscapesC1Controls) {
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(Printable("\xc2\x80"), "\\xc2\\x80");
  EXPECT_EQ(Printable("\xc2\xa0"), "\xc2\xa0");
}

// A right-to-left override would show "exe.sh" for a name that ends in "hs.exe".
TEST(Text, PrintableEscapesWhatReordersALine) {
  EXPECT_EQ(Printable("a\u202e"
                      "b"),
            "a\\xe2\\x80\\xaeb");
  for (std::string_view text : {"\u200e", "\u200f", "\u2028", "\u202a", "\u2066", "\u2069"}) {
    EXPECT_EQ(Printable(text).size(), 12u) << text;
  }
  for (std::string_view text : {"\u2013", "\u2026", "\u2027", "\u202f", "\u2065", "\u206a"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(Text, Utf8LengthKnowsValidSequences) {
  EXPECT_EQ(Utf8Length("a"), 1u);
  EXPECT_EQ(Utf8Length("\xc2\x85"), 2u);
  EXPECT_EQ(Utf8Length("\u202e"), 3u);
  EXPECT_EQ(Utf8Length("\xf0\x9f\x98\x80"), 4u);
  for (std::string_view text : {"\x80", "\xc0\xaf", "\xc2", "\xe0\x80\xaf", "\xed\xa0\x80",
                                "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_EQ(Utf8Length(text), 0u);
  }
}

TEST(ValidUtf8, FollowsRfc3629) {
  const std::string r = "\xef\xbf\xbd";
  const struct {
    std::string in, out;
  } kCases[] = {
      {"", ""},
      {"plain", "plain"},
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"\x1b[2J", "\x1b[2J"},
      {"寝ずの番", "寝ずの番"},
      {"\xc2\x80", "\xc2\x80"},                  // U+0080
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},  // U+10FFFF
      {"\xf4\x90\x80\x80", r + r + r + r},       // above
      {"\xc0\xaf", r + r},                       // overlong
      {"\xe0\x80\xaf", r + r + r},
      {"\xf0\x80\x80\xaf", r + r + r + r},
      {"\xed\xa0\x80", r + r + r},  // a surrogate
      {"\xe5\xaf", r + r},          // cut off
      {"\xe5"
       "ab",
       r + "ab"},
      {"\x80", r},
      {"\xff", r},
  };
  for (const auto& c : kCases) EXPECT_EQ(ValidUtf8(c.in), c.out);
}

}  // namespace
}  // namespace nezuban
