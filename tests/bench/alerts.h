// SPDX-License-Identifier: Apache-2.0
// What the benchmarks of delivery send, and through which stores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "alert/alert.h"

namespace nezuban::bench {

// A store of alerts: in memory or a file, and from which priority on an alert is on disk before it
// is read.
struct StoreMode {
  const char* name;
  bool file;
  alert::Priority sync;
};

// An alert as large as they are, about 800 bytes; its id is `number`.
inline std::shared_ptr<const alert::Alert> SomeAlert(std::uint64_t number, alert::Priority priority,
                                                     std::int64_t time_ns) {
  alert::Alert alert;
  alert.id = std::to_string(number);
  alert.time_ns = time_ns;
  alert.rule = "Reverse shell";
  alert.priority = priority;
  alert.source = "syscall";
  alert.message = std::string(200, 'm');
  for (int i = 0; i < 10; ++i) {
    alert.fields.emplace_back("proc.field" + std::to_string(i), std::string(40, 'v'));
  }
  alert.container_id = std::string(64, 'c');
  return std::make_shared<const alert::Alert>(std::move(alert));
}

}  // namespace nezuban::bench
