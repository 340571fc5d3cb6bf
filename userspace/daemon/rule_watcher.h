// SPDX-License-Identifier: Apache-2.0
// RuleWatcher: notices that rule files have changed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace nezuban::daemon {

class RuleWatcher {
 public:
  // Calls `on_change`, from a thread of its own, when something changed in the directories among
  // `paths` or at the files among them, and then nothing for a quarter of a second: writing in
  // place, replacing by rename, and the swap of a ConfigMap's symbolic link alike. Error: it cannot
  // be watched.
  static Result<std::unique_ptr<RuleWatcher>> Start(const std::vector<std::string>& paths,
                                                    std::function<void()> on_change);
  ~RuleWatcher();
  RuleWatcher(const RuleWatcher&) = delete;
  RuleWatcher& operator=(const RuleWatcher&) = delete;

 private:
  RuleWatcher(UniqueFd inotify, UniqueFd stop, std::function<void()> on_change);
  void Run();
  bool WaitFor(int timeout_ms, bool& changed);

  const UniqueFd inotify_;
  const UniqueFd stop_;  // an eventfd
  const std::function<void()> on_change_;
  std::thread thread_;
};

}  // namespace nezuban::daemon
