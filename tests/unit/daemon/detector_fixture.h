// SPDX-License-Identifier: Apache-2.0
// A detector with rules, a shell in it and a clock to move.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "alert_texts.h"
#include "daemon/detector.h"
#include "testlib/fake_clock.h"
#include "testlib/record_builder.h"

namespace nezuban::daemon {

using std::chrono::milliseconds;

inline constexpr char kRules[] =
    "- {rule: in a container, desc: d, priority: notice, output: '%proc.name %proc.pname in "
    "%container.id', condition: evt.type = execve and container.id != host and proc.pname = sh}\n"
    "- {rule: any exec, desc: d, priority: notice, output: '%proc.name', condition: evt.type = "
    "execve and proc.name = any}\n"
    "- {rule: long, desc: d, priority: notice, output: '%proc.name', condition: evt.type = execve "
    "and proc.args contains needle}\n"
    "- {rule: shop, desc: d, priority: notice, output: '%proc.name of %k8s.pod.name', condition: "
    "evt.type = execve and proc.name startswith buy and not k8s.ns.name in (kube-system)}\n"
    "- {rule: certain, desc: d, priority: notice, output: '%proc.name %container.labels', "
    "condition: evt.type = execve and proc.name = sell}\n";
inline constexpr std::uint64_t kBox = 50;

inline std::shared_ptr<const ruleset::Ruleset> Rules(const std::string& text) {
  Diagnostics diagnostics;
  const ruleset::Ruleset::File files[] = {{"r", text}};
  auto rules = ruleset::Ruleset::FromFiles(files, diagnostics);
  EXPECT_NE(rules, nullptr) << diagnostics.ToString();
  return rules;
}

inline state::Container Box(std::uint64_t cgroup_id = kBox) {
  return {.full_id = "box-full", .id = "box", .runtime = "runc", .cgroup_id = cgroup_id};
}

// The box, with what its runtime told of it.
inline state::Container Told(const std::string& ns, state::MetadataState state) {
  state::Container box = Box();
  box.metadata = {.state = state,
                  .name = "web",
                  .image = "shop/web:v1",
                  .pod = {.name = "web-0", .ns = ns, .uid = "1234"}};
  if (state == state::MetadataState::kComplete) box.metadata.labels = state::Labels{{"a", "b"}};
  return box;
}

inline state::Container Pending() {
  state::Container box = Box();
  box.metadata.state = state::MetadataState::kPending;
  return box;
}

class DetectorTest : public testing::Test {
 protected:
  DetectorTest() { Make(HoldLimits{}); }

  void Make(HoldLimits hold) {
    alerts_.clear();
    detector_ = std::make_unique<Detector>(
        Rules(kRules), DetectorOptions{.node = {"node", "run"}, .hold = hold},
        [this](const auto& alert) { alerts_.push_back(*alert); });
    Take(state::CgroupItem{{10, 1, "/host.slice"}});
    clock_.Advance(milliseconds(1));
    // sh, which forks what is executed here.
    Exec(1000, "sh", 10, 1);
    alerts_.clear();
  }

  void Take(const state::Item& item) { detector_->Take(item); }
  void Tick(milliseconds by) { Take(state::TickItem{clock_.Advance(by)}); }

  // A child of sh executes `comm` in that cgroup.
  void Exec(std::uint32_t tgid, std::string_view comm, std::uint64_t cgroup_id,
            std::uint32_t ppid = 1000, std::string_view argv = "") {
    auto exec = testlib::Exec({.tgid = tgid,
                               .start_ns = tgid * 1'000'000'000ULL,
                               .comm = comm,
                               .cgroup_id = cgroup_id,
                               .time_ns = clock_.now_ns()},
                              "/bin/x", argv);
    exec->ppid = ppid;
    exec->parent_start_ns = ppid * 1'000'000'000ULL;
    exec->hdr.seq = seq_++;
    const testlib::Record record = exec.Build();
    Take(state::RecordItem{record.bytes()});
  }

  // Those that came since the last call.
  std::vector<std::string> Alerts() { return TakeTexts(alerts_); }
  const PipelineCounters& counters() const { return detector_->counters(); }

  testlib::FakeClock clock_{2'000'000'000'000};
  std::unique_ptr<Detector> detector_;
  std::vector<alert::Alert> alerts_;
  std::uint64_t seq_ = 0;
};

}  // namespace nezuban::daemon
