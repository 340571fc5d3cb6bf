// SPDX-License-Identifier: Apache-2.0
// Calls of one event, done by a child, and what every record of one must say.
#pragma once

#include <unistd.h>

#include <optional>
#include <string_view>
#include <vector>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {

using Call = Found<call_record>;

class CallTest : public ::testing::Test {
 protected:
  explicit CallTest(event::EventType event) : event_(event) {
    const probe::SensorStatus& status = harness_.source().sensors()[event];
    EXPECT_NE(status.kind, probe::SensorKind::kNone) << status.why;
  }

  bool object() { return KindOf(harness_.source(), event_) == probe::SensorKind::kObject; }

  // The event's records of what `act` does in a child.
  std::vector<Call> Run(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run(act));
    std::vector<Call> calls;
    for (const Call& call : recorded_->Of<call_record>())
      if (call.header().type == event_) calls.push_back(call);
    return calls;
  }

  void Expect(const Call& call, std::string_view name, std::int64_t result) {
    EXPECT_EQ(call.event().name(), name);
    EXPECT_EQ(call.header().lane, LANE_VITAL);
    EXPECT_EQ(call.header().sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(call.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(call->result, result);
  }

  void ExpectTarget(const Call& call) {
    EXPECT_EQ(call->target_tgid, target_->tgid);
    EXPECT_EQ(call->target_tid, target_->tgid);
    EXPECT_EQ(TicksOf(call->target_start_ns), target_->start_ticks);
  }

  struct Target {
    std::uint32_t tgid;
    std::uint64_t start_ticks;
  };

  event::EventType event_;
  Harness harness_;
  Shared<Target> target_;  // filled in the child
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
