// SPDX-License-Identifier: Apache-2.0
#include "alert/alert.h"

#include <gtest/gtest.h>

#include <string>

#include "alert/json.h"

namespace nezuban::alert {
namespace {

Alert Sample() {
  Alert alert;
  alert.id = "b.0.1.7.c0ffee";
  alert.time_ns = 1566230400010000001;
  alert.rule = "Reverse shell";
  alert.priority = Priority::kCritical;
  alert.source = "syscall";
  alert.message = "Shell on a socket | command=bash -i";
  alert.fields = {{"proc.pid", std::int64_t{20}},
                  {"proc.cmdline", std::string("bash -i")},
                  {"fd.rip", std::monostate{}},
                  {"evt.failed", false},
                  {"proc.aname", std::vector<std::string>{"sshd", "systemd"}},
                  {"proc.pid", std::int64_t{20}}};
  alert.tags = {"T1059", "container"};
  alert.hostname = "node-1";
  alert.node = "worker-1";
  alert.cluster = "east";
  alert.event_type = "execve";
  alert.container_id = "3ad7";
  alert.container_runtime = "containerd";
  alert.origin_known = false;
  alert.pid = 20;
  alert.ancestors = {{20, "bash", "/usr/bin/bash"}, {1, "init", "/sbin/init"}};
  alert.uncertain = {"container.origin"};
  return alert;
}

TEST(Alert, IsOneJsonObjectWithSortedKeys) {
  EXPECT_EQ(
      ToJson(Sample()),
      R"({"ancestors":[{"exe_path":"/usr/bin/bash","name":"bash","pid":20},)"
      R"({"exe_path":"/sbin/init","name":"init","pid":1}],"cluster":"east","container_id":"3ad7",)"
      R"("container_runtime":"containerd","event":"execve","hostname":"node-1",)"
      R"("id":"b.0.1.7.c0ffee","lost_before":0,"node":"worker-1","origin":null,)"
      R"("output":"2019-08-19T16:00:00.010000001Z: Critical Shell on a socket | command=bash -i",)"
      R"("output_fields":{"evt.failed":false,"evt.time":1566230400010000001,"fd.rip":null,)"
      R"("proc.aname":["sshd","systemd"],"proc.cmdline":"bash -i","proc.pid":20},"pid":20,)"
      R"("priority":"Critical","rule":"Reverse shell","source":"syscall",)"
      R"("tags":["T1059","container"],"time":"2019-08-19T16:00:00.010000001Z",)"
      R"("uncertain":["container.origin"]})");
}

TEST(Alert, NamesPodAndImageIfTheyAreKnown) {
  Alert alert = Sample();
  alert.origin_known = true;
  alert.origin = "4be8";
  alert.workload = {"web", "shop/web:v1", "web-0", "shop", "1234"};
  alert.origin_workload = {"job", "shop/job:v1", "job-0", "jobs", ""};
  const std::string json = ToJson(alert);
  for (const std::string part :
       {R"("container_id":"3ad7","container_image":"shop/web:v1","container_name":"web",)"
        R"("container_runtime":"containerd",)",
        R"("origin":"4be8","origin_image":"shop/job:v1","origin_name":"job",)"
        R"("origin_pod":{"name":"job-0","namespace":"jobs","uid":""},"output")",
        R"("pid":20,"pod":{"name":"web-0","namespace":"shop","uid":"1234"},"priority")"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
}

TEST(Alert, IsOneLineOfText) {
  Alert alert = Sample();
  alert.message = "a\nb\x1b[2J";
  EXPECT_EQ(ToText(alert), "2019-08-19T16:00:00.010000001Z: Critical a\\nb\\x1b[2J");
}

TEST(Alert, SaysHostOutsideOfContainers) {
  Alert alert = Sample();
  alert.container_id.clear();
  EXPECT_NE(ToJson(alert).find(R"("container_id":"host")"), std::string::npos);
}

struct Quoted {
  std::string text;
  std::string json;
};

TEST(Json, IsValidWhateverTheBytes) {
  const Quoted kCases[] = {
      {"plain", R"("plain")"},
      {"\"\\\n\r\t", R"("\"\\\n\r\t")"},
      {std::string("\0\x01\x7f", 3), R"("\u0000\u0001\u007f")"},
      {"\xc3\xa9\xe5\xaf\x9d\xf0\x9f\x90\xa7", "\"\xc3\xa9\xe5\xaf\x9d\xf0\x9f\x90\xa7\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xc2\x9b", R"("\u009b")"},
  };
  for (const Quoted& c : kCases) EXPECT_EQ(JsonQuote(c.text), c.json);
}

TEST(Priority, ReadsAnyCaseAndNothingElse) {
  Priority priority{};
  EXPECT_TRUE(ParsePriority("WARNING", priority));
  EXPECT_EQ(priority, Priority::kWarning);
  EXPECT_TRUE(ParsePriority("info", priority));
  EXPECT_EQ(ToString(priority), "Informational");
  for (const char* bad : {"", "low", "err", "warn", "Warning "}) {
    EXPECT_FALSE(ParsePriority(bad, priority)) << bad;
  }
}

TEST(Time, IsUtcWithNanoseconds) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999999999Z");
}

}  // namespace
}  // namespace nezuban::alert
