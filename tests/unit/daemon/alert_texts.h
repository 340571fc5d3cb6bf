// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"

namespace nezuban::daemon {

// "rule: message [uncertain]" of each alert. None are left.
inline std::vector<std::string> TakeTexts(std::vector<alert::Alert>& alerts) {
  std::vector<std::string> texts;
  for (const alert::Alert& alert : std::exchange(alerts, {})) {
    texts.push_back(alert.rule + ": " + alert.message);
    for (const std::string& field : alert.uncertain) texts.back() += " [" + field + "]";
  }
  return texts;
}

}  // namespace nezuban::daemon
