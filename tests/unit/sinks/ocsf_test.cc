// SPDX-License-Identifier: Apache-2.0
#include "sinks/ocsf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/attack.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

using testing::HasSubstr;
using testing::Not;

const NodeNames kAllNames = {"node-1", "worker-1", "prod", "1.0"};

Outgoing Shell() {
  Outgoing outgoing = Named("Shell", 42);
  auto& alert = std::get<alert::Alert>(outgoing.what);
  alert.priority = alert::Priority::kCritical;
  alert.pid = 7;
  alert.container_id = "c0ffee";
  alert.container_runtime = "containerd";
  alert.tags = {"T1059.004", "container", "mitre_execution"};
  alert.ancestors = {{7, "sh", "/bin/sh"}, {6, "nginx", "/usr/sbin/nginx"}, {1, "init", ""}};
  alert.fields = {{"proc.cmdline", "sh -i"},
                  {"user.uid", std::int64_t{0}},
                  {"fd.rip", "192.0.2.1"},
                  {"fd.rport", std::int64_t{4444}},
                  {"fd.name", "/etc/shadow"},
                  {"proc.tty", {}},
                  {"list", std::vector<std::string>{"a", "b"}}};
  return outgoing;
}

TEST(Ocsf, ADetectionFindingHasAllThatTheClassRequires) {
  const std::string json = OcsfJson(Shell(), kAllNames);
  for (
      const char* part : {
          R"("activity_id":1)",
          R"("category_uid":2)",
          R"("class_uid":2004)",
          R"("type_uid":200401)",
          R"("severity_id":5,"severity":"Critical")",
          R"("time":1000)",
          R"("metadata":{"version":"1.3.0","uid":"id-Shell","sequence":42,"product":{"name":"Nezuban","vendor_name":"Nezuban","version":"1.0"},"profiles":["host","container"]})",
          R"("finding_info":{"uid":"id-Shell","title":"Shell")",
          R"("analytic":{"name":"Shell","type_id":1,"type":"Rule"})",
          R"("attacks":[{"tactic":{"uid":"TA0002","name":"Execution"},"technique":{"uid":"T1059"},"sub_technique":{"uid":"T1059.004"}}])",
          R"("device":{"hostname":"node-1","name":"worker-1","type_id":1,"type":"Server")",
      }) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

TEST(Ocsf, TheActorComesWithItsParents) {
  EXPECT_THAT(
      OcsfJson(Shell(), kAllNames),
      HasSubstr(
          R"("actor":{"process":{"pid":7,"name":"sh","file":{"name":"sh","path":"/bin/sh","type_id":1,"type":"Regular File"},"cmd_line":"sh -i","user":{"uid":"0"},"container":{"uid":"c0ffee","runtime":"containerd"},"parent_process":{"pid":6,"name":"nginx","file":{"name":"nginx","path":"/usr/sbin/nginx","type_id":1,"type":"Regular File"},"parent_process":{"pid":1,"name":"init"}}}})"));
}

TEST(Ocsf, TheEvidenceIsWhatTheRuleShows) {
  const std::string json = OcsfJson(Shell(), kAllNames);
  EXPECT_THAT(json, HasSubstr(R"("dst_endpoint":{"ip":"192.0.2.1","port":4444})"));
  EXPECT_THAT(json, HasSubstr(R"("file":{"name":"shadow","path":"/etc/shadow")"));
  EXPECT_THAT(json, HasSubstr(R"("list":["a","b"])"));
  EXPECT_THAT(json, Not(HasSubstr("proc.tty")));
  EXPECT_THAT(json, HasSubstr(R"("unmapped":{"container":"c0ffee","origin":"host")"));
}

TEST(Ocsf, AGapIsABaseEvent) {
  const std::string json = OcsfJson(GapOf(3), kAllNames);
  EXPECT_THAT(json, HasSubstr(R"("class_uid":0)"));
  EXPECT_THAT(json, HasSubstr(R"("type_uid":99)"));
  EXPECT_THAT(json, HasSubstr(R"("count":3,"time":2000,"start_time":1000,"end_time":2000)"));
  EXPECT_THAT(json, HasSubstr(R"("status_detail":"the store had to delete them")"));
}

TEST(Ocsf, AChainWithoutEndIsCut) {
  Outgoing outgoing = Named("deep");
  auto& ancestors = std::get<alert::Alert>(outgoing.what).ancestors;
  for (std::uint32_t i = 1; i <= 1000; ++i) ancestors.push_back({i, "p", ""});
  const std::string json = OcsfJson(outgoing, kAllNames);
  EXPECT_THAT(json, HasSubstr("\"pid\":32"));
  EXPECT_THAT(json, Not(HasSubstr("\"pid\":33")));
}

TEST(Attacks, BelongToATacticOnlyIfThereIsOne) {
  EXPECT_TRUE(AttacksOf({"container", "T105", "T1059.4", "t1059", "T10590"}).empty());
  const auto two = AttacksOf({"T1611", "mitre_execution", "mitre_privilege_escalation"});
  ASSERT_EQ(two.size(), 3u);
  EXPECT_EQ(two[0].technique, "T1611");
  EXPECT_EQ(two[0].tactic_uid, "");
  EXPECT_EQ(two[1].tactic_uid, "TA0002");
  EXPECT_EQ(two[2].tactic_uid, "TA0004");
}

}  // namespace
}  // namespace nezuban::sinks
