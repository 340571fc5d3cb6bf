// SPDX-License-Identifier: Apache-2.0
#include "rpc/alert_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testlib/alert_builder.h"

namespace nezuban::rpc {
namespace {

using testing::HasSubstr;

alert::Alert SomeAlert() {
  alert::Alert alert = testlib::FullAlert();
  alert.fields = {{"fd.sip", std::string("10.1.2.3")},
                  {"fd.lip", std::string("2001:db8::1")},
                  {"fd.lport", std::int64_t{443}},
                  {"proc.aname[2]", std::string("kubelet")},
                  {"proc.cwd", std::string("/")},
                  {"fd.types", std::vector<std::string>{"ipv4", "file"}},
                  {"user.uid", std::string("not a number")},
                  {"fd.name", std::monostate()}};
  alert.uncertain = {"proc.cwd"};
  return alert;
}

struct Case {
  std::string text;
  bool wanted;
};

void Expect(const alert::Alert& alert, const Case& c) {
  const auto condition = AlertCondition::Compile(c.text);
  ASSERT_TRUE(condition) << c.text << ": " << condition.error().message;
  fields::Arena arena;
  EXPECT_EQ(condition->Matches(alert, arena), c.wanted) << c.text;
}

TEST(AlertCondition, AsksWhatEveryAlertTells) {
  const Case kCases[] = {
      {"alert.rule = \"reverse shell\"", true},
      {"alert.rule contains mount", false},
      {"alert.priority in (Critical, Alert)", true},
      {"alert.priority = Debug", false},
      {"alert.source = syscall and alert.hostname startswith node", true},
      {"alert.event = execve and evt.type = execve", true},
      {"alert.output icontains SOCKET", true},
      {"alert.tags intersects (network, other)", true},
      {"alert.tags intersects (other)", false},
      {"container.id = aaaaaaaaaaaa and container.origin = bbbbbbbbbbbb", true},
      {"container.id = host", false},
      {"container.name = web and container.image startswith shop/", true},
      {"k8s.ns.name = shop and k8s.pod.name = web-0 and k8s.pod.uid = 1234", true},
      {"k8s.ns.name = jobs", false},
      {"proc.name = sh and proc.pname = init and proc.exepath = /bin/dash", true},
      {"proc.name = bash", false},
      {"proc.pid > 4241 and proc.pid < 4243", true},
  };
  for (const Case& c : kCases) Expect(SomeAlert(), c);
}

TEST(AlertCondition, AsksTheFieldsOfItsOutput) {
  const Case kCases[] = {
      {"fd.sip = 10.1.2.3", true},
      {"fd.sip = 10.1.2.4", false},
      {"fd.lip = \"2001:db8::1\"", true},
      {"fd.lport = 443 and not fd.lport = 80", true},
      {"proc.aname[2] = kubelet", true},
      {"proc.aname[2] = systemd", false},
      {"fd.types intersects (file)", true},
      {"fd.types intersects (unix)", false},
      {"fd.name exists", false},  // carried, and there is none
  };
  for (const Case& c : kCases) Expect(SomeAlert(), c);
}

// Neither a condition nor its contrary may hold back what could satisfy it.
TEST(AlertCondition, WhatIsNotKnownCountsAsSatisfied) {
  const Case kCases[] = {
      {"proc.cmdline contains x", true},
      {"not proc.cmdline contains x", true},
      {"proc.cmdline contains x and proc.name = bash", false},
      {"fd.snet in (\"10.1.0.0/16\")", true},
      {"proc.cwd = /tmp", true},  // uncertain
      {"user.uid = 5", true},     // of another type than the field
      {"not user.uid = 5", true},
  };
  for (const Case& c : kCases) Expect(SomeAlert(), c);
  alert::Alert nowhere = SomeAlert();
  nowhere.container_known = false;
  nowhere.workload = {};
  nowhere.ancestors.clear();
  for (const char* text : {"container.id = x", "k8s.ns.name = x", "proc.name = x"}) {
    Expect(nowhere, {text, true});
  }
  alert::Alert on_host = SomeAlert();
  on_host.container_id.clear();
  on_host.workload = {};
  Expect(on_host, {"container.id = host", true});
  Expect(on_host, {"k8s.ns.name = x", false});
}

TEST(AlertCondition, SaysWhatIsWrongAndWhere) {
  const auto unknown = AlertCondition::Compile("alert.rlue = x and\n  proc.nmae = y");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().exit_code, 1);
  EXPECT_EQ(unknown.error().message,
            "condition:1:1: error: unknown field 'alert.rlue', did you mean 'alert.rule'?\n"
            "condition:2:3: error: unknown field 'proc.nmae', did you mean 'proc.name'?");
  for (const char* text : {"", "(", "proc.name =", "some_macro", "proc.pid = x", "alert.tags > 5",
                           "proc.name in (a_list", "proc.name regex '('"}) {
    EXPECT_FALSE(AlertCondition::Compile(text)) << text;
  }
}

TEST(AlertCondition, IsBounded) {
  std::string regexes = "proc.name regex 'a'";
  for (std::size_t i = 1; i < AlertCondition::kMaxRegexes; ++i) regexes += " or fd.name regex 'b'";
  EXPECT_TRUE(AlertCondition::Compile(regexes));
  const auto many = AlertCondition::Compile(regexes + " or not (proc.args regex 'c')");
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().message, "condition: expected at most 8 regular expressions, got 9");

  const auto cost = [](const std::string& text) { return AlertCondition::Compile(text)->cost(); };
  EXPECT_GE(cost("proc.name = " + std::string(100, 'a')), 100u);
  EXPECT_GT(cost("proc.name regex 'a'"), 100 + cost("proc.name = 'aaaaaa'"));

  // What is wrong has to fit into a header.
  std::string wrong = "x.y = 1";
  while (wrong.size() < 16'000) wrong += " or x.y = 1";
  EXPECT_LE(AlertCondition::Compile(wrong).error().message.size(), 2100u);
  EXPECT_LE(
      AlertCondition::Compile("x." + std::string(16'000, 'y') + " = 1").error().message.size(),
      2100u);
}

}  // namespace
}  // namespace nezuban::rpc
