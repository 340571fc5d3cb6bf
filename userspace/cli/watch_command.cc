// SPDX-License-Identifier: Apache-2.0
#include "cli/watch_command.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "alert/alert.h"
#include "base/text.h"
#include "cli/alert_lines.h"
#include "cli/client_options.h"
#include "rpc/client.h"

namespace nezuban::cli {
namespace {

using std::chrono::milliseconds;

struct WatchOptions {
  rpc::Endpoint endpoint;
  std::string priority;
  std::vector<std::string> rules;
  std::vector<std::string> tags;
  std::string condition;
  std::string from;
  std::string name;
  std::uint64_t count = 0;  // 0: no end
  bool json = false;
  bool wait = false;
};

// Turns SIGINT and SIGTERM into a request to stop. Construct before any other thread: all of them
// must inherit the blocked signals. A second signal ends the process as it always does, should the
// output be stuck.
class StopSignals {
 public:
  explicit StopSignals(rpc::Client& client) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::jthread([this, &client](const std::stop_token& stop) { Wait(stop, client); });
  }

  // Waits, unless it was told to stop; whether to go on.
  bool Sleep(milliseconds duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, duration, [&] { return stopped_; });
  }

  bool stopped() {
    std::lock_guard lock(mutex_);
    return stopped_;
  }

 private:
  void Wait(const std::stop_token& stop, rpc::Client& client) {
    constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (sigtimedwait(&signals_, nullptr, &kLook) < 0) {
      if (stop.stop_requested()) return;
    }
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    client.Cancel();
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(20));
  }

  sigset_t signals_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::jthread waiter_;
};

// Prints what comes and counts it.
class Printer {
 public:
  Printer(const WatchOptions& options, rpc::Client& client, rpc::WatchRequest& request)
      : client_(client),
        request_(request),
        limit_(options.count),
        json_(options.json || ::isatty(STDOUT_FILENO) == 0),
        colour_(!json_ && std::getenv("NO_COLOR") == nullptr) {}

  // Where a stream that broke is to be resumed goes into the request.
  rpc::StreamCallbacks Callbacks() {
    return {[this](const alert::Alert& alert) {
              Print(json_ ? alert::ToJson(alert) : AlertLine(alert, colour_));
              if (!failed_) Done(alert.cursor);
              ++printed_;
              return !done();
            },
            [this](const store::StoredGap& gap) {
              Print(json_ ? GapJson(gap) : GapLine(gap, colour_));
              if (!failed_) Done(gap.last);
              return !failed_;
            },
            [this](const rpc::Heartbeat& heartbeat) {
              Done(heartbeat.cursor);
              return !failed_;
            }};
  }

  // Tells the monitor what was printed, if that is kept there. What it does not hear comes again.
  void Acknowledge() {
    constexpr milliseconds kPatience{2000};
    if (request_.name.empty() || cursor_ == acknowledged_) return;
    if (client_.Acknowledge(request_.name, cursor_, kPatience)) acknowledged_ = cursor_;
    next_acknowledge_ = Clock::now() + std::chrono::seconds(1);
  }

  // As many as were asked for, or nobody reads them any more.
  bool done() const { return failed_ || (limit_ > 0 && printed_ >= limit_); }
  bool failed() const { return failed_; }

 private:
  // Flushed line by line: what is at the other end of a pipe acts on it now.
  void Print(std::string line) {
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() ||
        std::fflush(stdout) != 0) {
      failed_ = true;
    }
  }

  void Done(store::Cursor cursor) {
    if (cursor == 0) return;
    cursor_ = cursor;
    request_.start = {store::Start::At::kAfter, cursor};
    if (Clock::now() >= next_acknowledge_) Acknowledge();
  }

  using Clock = std::chrono::steady_clock;
  rpc::Client& client_;
  rpc::WatchRequest& request_;
  store::Cursor cursor_ = 0;  // of what was printed; 0: nothing
  store::Cursor acknowledged_ = 0;
  Clock::time_point next_acknowledge_{};
  const std::uint64_t limit_;
  const bool json_;
  const bool colour_;
  std::uint64_t printed_ = 0;
  bool failed_ = false;
};

int Report(const Error& error, const char* hint = "") {
  std::string text;  // of several lines if it tells what is wrong with a condition
  for (const std::string_view line : Split(error.message, '\n')) {
    text += (text.empty() ? "" : "\n") + Printable(line);
  }
  std::fprintf(stderr, "nezuban watch: %s%s\n", text.c_str(), hint);
  return error.exit_code;
}

// Follows the stream until it is told to stop; a connection that breaks is made again.
int Follow(rpc::Client& client, rpc::WatchRequest request, const WatchOptions& options) {
  constexpr milliseconds kFirstPause{250};
  constexpr milliseconds kLongestPause{5000};
  StopSignals signals(client);
  Printer printer(options, client, request);
  milliseconds pause = kFirstPause;
  bool was_connected = options.wait;
  while (!printer.done() && !signals.stopped()) {
    const rpc::StreamResult result = client.Follow(request, printer.Callbacks());
    if (result.end == rpc::StreamEnd::kStopped) break;
    if (result.end == rpc::StreamEnd::kRefused) return Report(result.error);
    was_connected = was_connected || result.connected;
    if (!was_connected) {
      return Report(result.error, "\nIs the monitor running (nezuban run)? --wait waits for it.");
    }
    if (result.connected) pause = kFirstPause;
    std::fprintf(stderr, "nezuban watch: %s; trying again in %lld ms\n",
                 Printable(result.error.message).c_str(), static_cast<long long>(pause.count()));
    if (!signals.Sleep(pause)) break;
    pause = std::min(pause * 2, kLongestPause);
  }
  printer.Acknowledge();
  if (!printer.failed()) return 0;
  return Report({"cannot write to standard output"});
}

// "oldest", "newest" or a cursor.
bool ParseStart(const std::string& text, store::Start& start) {
  using At = store::Start::At;
  if (text.empty()) return true;
  start.at = text == "oldest" ? At::kOldest : text == "newest" ? At::kNewest : At::kAfter;
  if (start.at != At::kAfter) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), start.cursor);
  return error == std::errc() && end == text.data() + text.size();
}

int Watch(const WatchOptions& options) {
  rpc::WatchRequest request{.rule_globs = options.rules, .tags = options.tags};
  request.name = options.name;
  request.condition = options.condition;
  if (!ParseStart(options.from, request.start)) {
    return Report({"--from: expected oldest, newest or a cursor, got '" + options.from + "'", 1});
  }
  if (!options.priority.empty() && !alert::ParsePriority(options.priority, request.min_priority)) {
    return Report(
        {"--priority: expected emergency, alert, critical, error, warning, notice, "
         "informational or debug, got '" +
             options.priority + "'",
         1});
  }
  auto client = rpc::Client::Create(options.endpoint);
  if (!client) return Report(client.error());
  return Follow(*client, request, options);
}

}  // namespace

void AddWatchCommand(CLI::App& app, int* exit_code) {
  CLI::App* watch = app.add_subcommand("watch", "Show the alerts of a running monitor");
  auto options = std::make_shared<WatchOptions>();
  AddClientOptions(*watch, options->endpoint);
  watch->add_option("--priority", options->priority, "Only alerts this severe, or more");
  watch->add_option("--rule", options->rules, "Only rules whose name matches GLOB; may be repeated")
      ->type_name("GLOB")
      ->expected(1)
      ->take_all();
  watch->add_option("--tag", options->tags, "Only alerts with that tag; may be repeated")
      ->type_name("TAG")
      ->expected(1)
      ->take_all();
  watch
      ->add_option("--condition", options->condition,
                   "Only alerts that satisfy this, in the rules' language: k8s.ns.name = shop and "
                   "alert.tags intersects (network)")
      ->type_name("CONDITION");
  watch->add_option("--from", options->from,
                    "Start at oldest, newest, or behind a CURSOR; default: newest");
  watch->add_option("--name", options->name,
                    "Keep this subscriber's place on the node: it goes on where it was");
  watch->add_option("--count", options->count, "Stop after that many alerts")
      ->check(CLI::PositiveNumber);
  watch->add_flag("--json", options->json,
                  "One JSON object a line, as always when the output is no terminal");
  watch->add_flag("--wait", options->wait, "Wait for a monitor that is not there yet");
  watch->callback([options, exit_code] { *exit_code = Watch(*options); });
}

}  // namespace nezuban::cli
