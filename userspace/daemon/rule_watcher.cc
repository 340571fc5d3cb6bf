// SPDX-License-Identifier: Apache-2.0
#include "daemon/rule_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <utility>

namespace nezuban::daemon {
namespace {

constexpr int kQuietMs = 250;
// A file is watched by its directory: editors and ConfigMaps put another in its place.
constexpr std::uint32_t kChanges =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;

}  // namespace

Result<std::unique_ptr<RuleWatcher>> RuleWatcher::Start(const std::vector<std::string>& paths,
                                                        std::function<void()> on_change) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!inotify.valid() || !stop.valid()) {
    return Fail(std::string("watch the rules: ") + std::strerror(errno));
  }
  for (const std::string& path : paths) {
    std::filesystem::path directory(path);
    std::error_code ignored;
    if (!std::filesystem::is_directory(directory, ignored)) directory = directory.parent_path();
    if (directory.empty()) directory = ".";
    if (::inotify_add_watch(inotify.get(), directory.c_str(), kChanges) < 0) {
      return Fail("watch " + directory.string() + ": " + std::strerror(errno));
    }
  }
  return std::unique_ptr<RuleWatcher>(
      new RuleWatcher(std::move(inotify), std::move(stop), std::move(on_change)));
}

RuleWatcher::RuleWatcher(UniqueFd inotify, UniqueFd stop, std::function<void()> on_change)
    : inotify_(std::move(inotify)),
      stop_(std::move(stop)),
      on_change_(std::move(on_change)),
      thread_([this] { Run(); }) {}

RuleWatcher::~RuleWatcher() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

// False: to stop. `changed`: something did within the time.
bool RuleWatcher::WaitFor(int timeout_ms, bool& changed) {
  std::array<pollfd, 2> fds = {{{stop_.get(), POLLIN, 0}, {inotify_.get(), POLLIN, 0}}};
  changed = false;
  if (::poll(fds.data(), fds.size(), timeout_ms) < 0) return errno == EINTR;
  if (fds[0].revents != 0) return false;
  std::array<char, 4096> events;
  while (::read(inotify_.get(), events.data(), events.size()) > 0) changed = true;
  return true;
}

void RuleWatcher::Run() {
  bool changed = false;
  while (WaitFor(-1, changed)) {
    if (!changed) continue;
    do {
      if (!WaitFor(kQuietMs, changed)) return;
    } while (changed);
    on_change_();
  }
}

}  // namespace nezuban::daemon
