// SPDX-License-Identifier: Apache-2.0
// A process table that is fed by records.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "state/process_table.h"
#include "testlib/record_builder.h"

namespace nezuban::state {

inline constexpr std::uint64_t kTick = 10'000'000;
inline constexpr std::uint64_t kContainer = 77;

class ProcessTableTest : public testing::Test {
 protected:
  template <typename R>
  const Process& Apply(testlib::Draft<R> draft) {
    const testlib::Record record = draft.Build();
    return table_.Apply(record.event(), record.event().header().origin_cgroup_id);
  }
  std::string Name(ProcessKey key) const {
    const Process* process = table_.Find(key);
    return process != nullptr ? process->comm : "(none)";
  }
  // "sh < sshd < init": a process and its ancestors.
  std::string Lineage(ProcessKey key) const {
    std::string out;
    const Process* process = table_.Find(key);
    for (int i = 0; process != nullptr && i < 20; ++i, process = table_.Parent(*process)) {
      out += (i == 0 ? "" : " < ") + process->comm;
    }
    return out;
  }

  ProcessTable table_{{}, kTick};
};

}  // namespace nezuban::state
