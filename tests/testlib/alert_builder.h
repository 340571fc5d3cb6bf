// SPDX-License-Identifier: Apache-2.0
// Alerts to send, and their comparison.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "alert/alert.h"

namespace nezuban::testlib {

// Every member has a value that is not its default.
inline alert::Alert FullAlert() {
  alert::Alert alert;
  alert.id = "boot-1-2-rule";
  alert.time_ns = 1795325792123456789;
  alert.rule = "reverse shell";
  alert.priority = alert::Priority::kCritical;
  alert.source = "syscall";
  alert.message = "a shell \"sh\" on a socket";
  alert.fields = {{"proc.name", std::string("sh")},
                  {"proc.pid", std::int64_t{-42}},
                  {"proc.is_it", true},
                  {"proc.args", std::vector<std::string>{"-c", ""}},
                  {"proc.none", std::monostate()}};
  alert.tags = {"container", "network"};
  alert.hostname = "node-1";
  alert.event_type = "execve";
  alert.container_id = std::string(64, 'a');
  alert.container_runtime = "containerd";
  alert.workload = {"web", "shop/web:v1", "web-0", "shop", "1234"};
  alert.origin_workload = {"job", "shop/job:v1", "job-0", "jobs", "5678"};
  alert.origin = std::string(64, 'b');
  alert.pid = 4242;
  alert.ancestors = {{4242, "sh", "/bin/dash"}, {1, "init", "/sbin/init"}};
  alert.uncertain = {"proc.cwd"};
  alert.lost_before = 3;
  alert.cursor = 4;
  alert.related = {{"boot-1-1-feeder", "feeder", 1795325791000000001, true}};
  alert.count = 51;
  return alert;
}

// A small one: its id is `number`, its time `number` nanoseconds.
inline std::shared_ptr<const alert::Alert> NumberedAlert(
    int number, const std::string& rule = "rule",
    alert::Priority priority = alert::Priority::kWarning, std::size_t padding = 0) {
  alert::Alert alert;
  alert.id = std::to_string(number);
  alert.time_ns = number;
  alert.rule = rule;
  alert.priority = priority;
  alert.message = std::string(padding, 'x');
  return std::make_shared<const alert::Alert>(std::move(alert));
}

inline void ExpectEqual(const alert::Alert& a, const alert::Alert& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.time_ns, b.time_ns);
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.fields, b.fields);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.hostname, b.hostname);
  EXPECT_EQ(a.event_type, b.event_type);
  EXPECT_EQ(a.container_id, b.container_id);
  EXPECT_EQ(a.container_runtime, b.container_runtime);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.workload, b.workload);
  EXPECT_EQ(a.origin_workload, b.origin_workload);
  EXPECT_EQ(a.container_known, b.container_known);
  EXPECT_EQ(a.origin_known, b.origin_known);
  EXPECT_EQ(a.pid, b.pid);
  ASSERT_EQ(a.ancestors.size(), b.ancestors.size());
  for (std::size_t i = 0; i < a.ancestors.size(); ++i) {
    EXPECT_EQ(a.ancestors[i].pid, b.ancestors[i].pid);
    EXPECT_EQ(a.ancestors[i].name, b.ancestors[i].name);
    EXPECT_EQ(a.ancestors[i].exe_path, b.ancestors[i].exe_path);
  }
  EXPECT_EQ(a.uncertain, b.uncertain);
  EXPECT_EQ(a.lost_before, b.lost_before);
  EXPECT_EQ(a.cursor, b.cursor);
  EXPECT_EQ(a.count, b.count);
  ASSERT_EQ(a.related.size(), b.related.size());
  for (std::size_t i = 0; i < a.related.size(); ++i) {
    EXPECT_EQ(a.related[i].id, b.related[i].id);
    EXPECT_EQ(a.related[i].rule, b.related[i].rule);
    EXPECT_EQ(a.related[i].time_ns, b.related[i].time_ns);
    EXPECT_EQ(a.related[i].uncertain, b.related[i].uncertain);
  }
}

}  // namespace nezuban::testlib
