// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup_mount.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace nezuban {
namespace {

TEST(FindCgroup2Root, ReadsMountinfo) {
  struct Row {
    const char* what;
    std::string_view mountinfo;
    std::optional<std::string> root;
  };
  for (const Row& row : {
           Row{"nothing", "", std::nullopt},
           Row{"pure v2", "26 24 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
               "/sys/fs/cgroup"},
           Row{"hybrid",
               "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
               "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
               "/sys/fs/cgroup/unified"},
           Row{"only v1", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
               std::nullopt},
           Row{"the whole tree rather than a part",
               "1 1 0:1 /../../x /part rw - cgroup2 none rw\n2 1 0:1 / /whole rw - cgroup2 n rw\n",
               "/whole"},
           Row{"the node's tree rather than that of a cgroup namespace",
               "1 1 0:1 / /own rw - cgroup2 n rw\n2 1 0:1 /../../.. /node rw - cgroup2 n rw\n"
               "3 1 0:1 /.. /pod rw - cgroup2 n rw\n4 1 0:1 /../sibling /x rw - cgroup2 n rw\n",
               "/node"},
           Row{"a part if that is all", "1 1 0:1 /x /part rw - cgroup2 none rw", "/part"},
           Row{"several optional fields",
               "1 1 0:1 / /a rw shared:1 master:2 propagate_from:3 - cgroup2 none rw", "/a"},
           Row{"blanks are escaped", "1 1 0:1 / /a\\040b\\134c rw - cgroup2 none rw", "/a b\\c"},
           Row{"an escape cut short", "1 1 0:1 / /a\\04 rw - cgroup2 none rw", "/a\\04"},
           Row{"no dash", "1 1 0:1 / /a rw cgroup2 none rw", std::nullopt},
           Row{"dash at the end", "1 1 0:1 / /a rw -", std::nullopt},
           Row{"a source called cgroup2", "1 1 0:1 / /a rw - tmpfs cgroup2 rw", std::nullopt},
           Row{"a mount point called -", "1 1 0:1 / - rw - cgroup2 none rw", std::nullopt},
       }) {
    EXPECT_EQ(FindCgroup2Root(row.mountinfo), row.root) << row.what;
  }
}

}  // namespace
}  // namespace nezuban
