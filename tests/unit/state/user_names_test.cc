// SPDX-License-Identifier: Apache-2.0
// passwd and group files as text: ours, and what somebody hostile makes of them.
#include "state/user_names.h"

#include <gtest/gtest.h>

#include <string>

namespace nezuban::state {
namespace {

const std::vector<IdRange> kAll = {{0, 0, 0xffffffffU}};

UserNames Passwd(std::string_view text, const std::vector<IdRange>& map = kAll,
                 const NamesLimits& limits = {}) {
  UserNames names;
  AddPasswd(text, map, limits, names);
  return names;
}

std::string NameOf(const UserNames& names, std::uint32_t uid) {
  const User* user = names.FindUser(uid);
  return user != nullptr ? user->name : "(none)";
}

TEST(UserNamesTest, TakesLinesOfTheFormAndTheFirstOfEachId) {
  const UserNames names = Passwd(
      "web:x:1000:1000:Web,,,:/home/web:/bin/bash\n"
      "root:x:0:0:root:/root:/bin/sh\n"
      "toor:x:0:0::/:/bin/sh\n"
      "bare:x:7:7:::");
  ASSERT_EQ(names.users.size(), 3U);
  EXPECT_EQ(*names.FindUser(1000), (User{1000, "web", "/home/web", "/bin/bash"}));
  EXPECT_EQ(NameOf(names, 0), "root");
  EXPECT_EQ(*names.FindUser(7), (User{7, "bare", "", ""}));
  EXPECT_EQ(names.FindUser(8), nullptr);
  EXPECT_TRUE(names.whole);
}

TEST(UserNamesTest, PassesOverWhatIsNoLineOfIt) {
  for (const std::string& line : {
           std::string("\n"),
           std::string("# comment"),
           std::string(":x:5:5::/:/bin/sh"),
           std::string("short:x:5:5::/"),
           std::string("long:x:5:5::/:/bin/sh:more"),
           std::string("minus:x:-5:5::/:/"),
           std::string("word:x:five:5::/:/"),
           std::string("blank:x: 5:5::/:/"),
           std::string("big:x:4294967301:5::/:/"),
           std::string("+nis:x:5:5::/:/"),
           std::string("-nis:x:5:5::/:/"),
           std::string(257, 'a') + ":x:5:5::/:/",
           "home:x:5:5::" + std::string(4097, 'a') + ":/",
           "shell:x:5:5::/:" + std::string(4097, 'a'),
       }) {
    const UserNames names = Passwd(line + "\nlast:x:6:6::/:/");
    EXPECT_EQ(NameOf(names, 5), "(none)") << line;
    EXPECT_EQ(NameOf(names, 6), "last") << line;
  }
}

TEST(UserNamesTest, KeepsNoMoreThanTheLimitAndSaysSo) {
  std::string text;
  for (int i = 10; i > 0; --i)
    text += "u" + std::to_string(i) + ":x:" + std::to_string(i) + ":0::/:/\n";
  const UserNames names = Passwd(text, kAll, {.entries = 4});
  EXPECT_EQ(names.users.size(), 4U);
  EXPECT_EQ(NameOf(names, 10), "u10");
  EXPECT_EQ(NameOf(names, 1), "(none)");
  EXPECT_FALSE(names.whole);
}

TEST(UserNamesTest, TakesGroups) {
  UserNames names;
  AddGroup("root:x:0:\nadm:x:4:syslog,a\nbad:x:5\n", kAll, {}, names);
  ASSERT_EQ(names.groups.size(), 2U);
  EXPECT_EQ(names.FindGroup(4)->name, "adm");
  EXPECT_EQ(names.FindGroup(5), nullptr);
}

TEST(UserNamesTest, IdsOfAUserNamespaceAreTheNodes) {
  const std::vector<IdRange> map = ParseIdMap(
      "         0     100000      65536\n"
      "     70000          5          1\nnonsense\n1 2\n");
  ASSERT_EQ(map.size(), 2U);
  const UserNames names =
      Passwd("root:x:0:0::/:/\nweb:x:1000:0::/:/\nodd:x:70000:0::/:/\nout:x:65536:0::/:/\n", map);
  ASSERT_EQ(names.users.size(), 3U);
  EXPECT_EQ(NameOf(names, 100000), "root");
  EXPECT_EQ(NameOf(names, 101000), "web");
  EXPECT_EQ(NameOf(names, 5), "odd");
}

}  // namespace
}  // namespace nezuban::state
