// SPDX-License-Identifier: Apache-2.0
#include "cri/client.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "cri/answers.h"
#include "cri/host_files.h"
#include "cri/runtime.h"
#include "cri/schedule.h"

namespace nezuban::cri {
namespace {

using Clock = std::chrono::steady_clock;
using state::Container;
using state::MetadataState;

constexpr std::size_t kMaxQueued = 4096;
constexpr std::chrono::milliseconds kSlow{500};
// So long after it was asked for, waiting for a container in small steps is worth it.
constexpr std::chrono::seconds kLately{2};
constexpr std::chrono::seconds kBetweenSearches{1};

// Runtimes that Kubernetes speaks to, as a cgroup's path tells them; "unknown" may be one.
constexpr std::array<std::string_view, 3> kRuntimes = {"containerd", "cri-o", "unknown"};

}  // namespace

class Client::Worker {
 public:
  explicit Worker(ClientOptions options) : options_(std::move(options)) {
    if (options_.socket != "auto" && options_.socket != "none") {
      runtime_ = std::make_unique<Runtime>(options_.socket);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  ~Worker() {
    thread_.request_stop();
    { const std::lock_guard lock(mutex_); }  // not between its last look and its wait
    wake_.notify_all();
    thread_.join();
    runtime_.reset();  // its callbacks use the rest
  }

  bool LookUp(const Container& container) {
    if (std::ranges::find(kRuntimes, container.runtime) == kRuntimes.end()) return false;
    if (!IsContainerId(container.full_id)) return false;
    lately_ = Clock::now();
    ++lookups_;
    if (unsent_.size() < kMaxQueued) {
      unsent_.push_back(container);
    } else {
      ++dropped_;
    }
    Send();
    return true;
  }

  void Drain(const std::function<void(Container&&)>& handler) {
    Send();
    std::deque<Container> results;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      results.swap(results_);
      has_results_ = false;
    }
    for (Container& container : results) handler(std::move(container));
  }

  bool busy() const {
    if (!unsent_.empty() || sent_ != begun_ || has_results_) return true;
    return pending_ > 0 && Clock::now() - lately_ < kLately;
  }

  ClientCounters counters() const {
    return {.lookups = lookups_,
            .found = found_,
            .unknown = unknown_,
            .slow = slow_,
            .failed = failed_,
            .dropped = dropped_,
            .pending = pending_,
            .slowest_ms = slowest_ms_,
            .events = events_,
            .reachable = reachable_};
  }

 private:
  struct Answered {
    std::uint64_t cgroup_id;
    Answer answer;
  };

  // Hands over what was asked for, unless the worker is just looking: then the next time.
  void Send() {
    if (unsent_.empty()) return;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      for (; !unsent_.empty(); unsent_.pop_front()) {
        if (requests_.size() < kMaxQueued) {
          requests_.push_back(std::move(unsent_.front()));
          ++sent_;
        } else {
          ++dropped_;
        }
      }
    }
    wake_.notify_one();
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::deque<Container> requests;
      std::deque<Answered> answers;
      WaitForWork(stop, requests, answers);
      TakeEvents();
      for (Answered& one : answers) Finish(one.cgroup_id, std::move(one.answer));
      for (Container& container : requests) Begin(std::move(container));
      while (Job* job = schedule_.Next(Clock::now())) Attempt(*job);
      // Where nobody can be asked, nothing is to be expected soon.
      pending_ = runtime_ == nullptr ? 0 : schedule_.size();
      begun_ += requests.size();
    }
  }

  void WaitForWork(const std::stop_token& stop, std::deque<Container>& requests,
                   std::deque<Answered>& answers) {
    std::unique_lock lock(mutex_);
    const Time until = schedule_.NextTime().value_or(Clock::now() + std::chrono::seconds(1));
    wake_.wait_until(lock, until, [&] {
      return stop.stop_requested() || !requests_.empty() || !answers_.empty() || !told_.empty();
    });
    requests.swap(requests_);
    answers.swap(answers_);
  }

  void TakeEvents() {
    std::deque<std::string> told;
    {
      const std::lock_guard lock(mutex_);
      told.swap(told_);
    }
    for (const std::string& id : told) schedule_.Hurry(id, Clock::now());
  }

  // Where the runtime has a stream of events, nobody has to wait for their next turn to be asked.
  void Listen() {
    if (!has_events_ || Clock::now() < listen_again_) return;
    listen_again_ = Clock::now() + kBetweenSearches;
    runtime_->Listen(
        [this](const std::string& id) {
          ++events_;
          {
            const std::lock_guard lock(mutex_);
            if (told_.size() < kMaxQueued && IsContainerId(id)) told_.push_back(id);
          }
          wake_.notify_one();
        },
        [this](bool has_events) { has_events_ = has_events; });
  }

  void Tell(const Container& container) {
    const std::lock_guard lock(mutex_);
    if (results_.size() >= kMaxQueued) {
      results_.pop_front();
      ++dropped_;
    }
    results_.push_back(container);
    has_results_ = true;
  }

  void Begin(Container container) {
    const std::string bundle = ReadBundle(options_.host_root, container.full_id);
    const BundleKind kind = ApplyBundle(bundle, container.metadata);
    if (kind == BundleKind::kNobodys) {
      // Of the same runtime, but no pod's: nobody can tell more of it.
      container.metadata = {};
      ++unknown_;
      return Tell(container);
    }
    container.metadata.state = MetadataState::kPending;
    if (kind == BundleKind::kPods) Tell(container);
    const std::uint64_t cgroup_id = container.cgroup_id;
    const bool has_cgroup = HasCgroup(container);
    if (auto gone = schedule_.Add(std::move(container), Clock::now())) {
      ++dropped_;
      GiveUp(std::move(gone->container));
    }
    if (Job* job = schedule_.Find(cgroup_id)) job->has_cgroup = has_cgroup;
  }

  bool HasCgroup(const Container& container) const {
    if (options_.cgroup_root.empty()) return false;
    struct stat info {};
    const std::string path = options_.cgroup_root + container.cgroup_path;
    return ::lstat(path.c_str(), &info) == 0 && info.st_ino == container.cgroup_id;
  }

  // A cgroup that was never seen here may be there all the same.
  bool IsGone(const Job& job) const {
    return job.has_cgroup && Clock::now() - job.asked >= options_.gone_life &&
           !HasCgroup(job.container);
  }

  void Attempt(Job& job) {
    if (IsGone(job)) return GiveUp(schedule_.Take(job.container.cgroup_id)->container);
    if (runtime_ == nullptr) FindRuntime();
    if (runtime_ == nullptr) {
      if (!job.told_none) TellWithoutRuntime(job);
      return schedule_.Postpone(job, Clock::now());
    }
    runtime_->Ask(job.container.full_id, job.container.metadata,
                  [this, id = job.container.cgroup_id](Answer answer) {
                    {
                      const std::lock_guard lock(mutex_);
                      answers_.push_back({id, std::move(answer)});
                    }
                    wake_.notify_one();
                  });
  }

  // What the bundle told is all there is, unless a runtime turns up later.
  void TellWithoutRuntime(Job& job) {
    job.told_none = true;
    GiveUp(job.container);
  }

  // So that nothing waits for more.
  void GiveUp(Container container) {
    EndWithBundle(container);
    Tell(container);
  }

  static void EndWithBundle(Container& container) {
    container.metadata.state =
        container.metadata.pod.name.empty() ? MetadataState::kNone : MetadataState::kComplete;
  }

  void Finish(std::uint64_t cgroup_id, Answer answer) {
    Job* job = schedule_.Find(cgroup_id);
    if (job == nullptr) return;
    NoteOutcome(answer);
    const Time now = Clock::now();
    const bool over = schedule_.Settle(*job, answer.outcome, now);
    if (answer.outcome == Outcome::kFound) {
      job->container.metadata = std::move(answer.metadata);
      job->container.metadata.state = MetadataState::kComplete;
      NoteFound(now - job->asked);
      Tell(job->container);
    } else {
      const bool learned = answer.metadata != job->container.metadata;
      job->container.metadata = std::move(answer.metadata);  // the container, but not its pod
      if (over) EndWithBundle(job->container);
      if (over && answer.outcome == Outcome::kNotFound) ++unknown_;
      if (over || learned) Tell(job->container);
    }
    if (over) schedule_.Take(cgroup_id);
  }

  void NoteFound(Duration took) {
    ++found_;
    if (took > kSlow) ++slow_;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    slowest_ms_ = std::max<std::uint64_t>(slowest_ms_, static_cast<std::uint64_t>(ms));
  }

  void NoteOutcome(const Answer& answer) {
    const bool answered = answer.outcome != Outcome::kUnreachable;
    if (!answered || answer.outcome == Outcome::kFailed) ++failed_;
    if (answered && !reachable_) {
      runtime_->AskVersion([this, path = runtime_->socket_path()](const std::string& version) {
        Log("container metadata come from " + (version.empty() ? "a runtime" : version) + " on " +
            path);
      });
    }
    if (!answered && (reachable_ || failed_ == 1)) {
      Log("the container runtime on " + runtime_->socket_path() +
          " does not answer: " + answer.error);
    }
    reachable_ = answered;
    if (answered) Listen();
    if (!answered) TryAnother();
  }

  // Where several runtimes are installed, the one that answers is the one that is used.
  void TryAnother() {
    if (options_.socket != "auto" || schedule_.under_way() > 1) return;
    const std::vector<std::string> sockets = FindSockets(options_.host_root);
    const auto here = std::ranges::find(sockets, runtime_->socket_path());
    if (sockets.empty() || (here != sockets.end() && sockets.size() == 1)) return;
    const auto next =
        here == sockets.end() || here + 1 == sockets.end() ? sockets.begin() : here + 1;
    runtime_ = std::make_unique<Runtime>(*next);
    has_events_ = true;
  }

  void FindRuntime() {
    if (options_.socket != "auto" || Clock::now() < search_again_) return;
    search_again_ = Clock::now() + kBetweenSearches;
    const std::vector<std::string> sockets = FindSockets(options_.host_root);
    if (!sockets.empty()) runtime_ = std::make_unique<Runtime>(sockets.front());
  }

  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const ClientOptions options_;

  // Of the thread that asks.
  std::deque<Container> unsent_;
  std::uint64_t sent_ = 0;
  Time lately_;

  // Of the worker thread.
  std::unique_ptr<Runtime> runtime_;
  Schedule schedule_;
  Time search_again_, listen_again_;

  std::mutex mutex_;  // the thread that asks only tries it
  std::condition_variable wake_;
  std::deque<Container> requests_;
  std::deque<Answered> answers_;  // at most as many as are under way
  std::deque<Container> results_;
  std::deque<std::string> told_;  // ids of what the runtime told of unasked

  std::atomic<std::uint64_t> begun_{0};  // of those sent
  std::atomic<bool> has_results_{false};
  std::atomic<bool> reachable_{false};
  std::atomic<bool> has_events_{true};  // until the runtime says that it has none
  std::atomic<std::uint64_t> lookups_{0}, found_{0}, unknown_{0}, slow_{0}, failed_{0}, dropped_{0},
      pending_{0}, slowest_ms_{0}, events_{0};
  std::jthread thread_;
};

Client::Client(ClientOptions options) : worker_(std::make_unique<Worker>(std::move(options))) {}
Client::~Client() = default;

bool Client::LookUp(const Container& container) { return worker_->LookUp(container); }
void Client::Drain(const std::function<void(Container&&)>& handler) { worker_->Drain(handler); }
bool Client::busy() const { return worker_->busy(); }
ClientCounters Client::counters() const { return worker_->counters(); }

}  // namespace nezuban::cri
