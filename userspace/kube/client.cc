// SPDX-License-Identifier: Apache-2.0
#include "kube/client.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kube/cache.h"
#include "kube/http.h"
#include "kube/wanted.h"
#include "kube/watch.h"

namespace nezuban::kube {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kMaxQueued = 4096;
constexpr std::size_t kMaxWanted = 4096;
constexpr std::size_t kOwnersAtOnce = 4;
// So long after it was asked for, waiting for a pod in small steps is worth it.
constexpr std::chrono::seconds kLately{2};
constexpr std::chrono::seconds kBetweenSweeps{60};
// A stream that ends sooner is one that fails.
constexpr std::chrono::seconds kShortest{5};

// This node's that have not ended: a node keeps hundreds that have.
std::string PodSelector(const std::string& node) {
  return "fieldSelector=" +
         Escaped("spec.nodeName=" + node + ",status.phase!=Succeeded,status.phase!=Failed") + "&";
}

}  // namespace

class Client::Worker {
 public:
  explicit Worker(ClientOptions options)
      : options_(std::move(options)),
        http_(options_.endpoint, options_.user_agent, options_.limits),
        watches_{{{"/api/v1/pods", PodSelector(options_.node), pods_, options_.first_pause},
                  {"/api/v1/namespaces", "", namespaces_, options_.first_pause}}} {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  ~Worker() {
    thread_.request_stop();
    http_.Wake();
    thread_.join();
  }

  void Ask(const std::string& pod_uid) {
    lately_ = Clock::now();
    if (unsent_.size() < kMaxQueued) {
      unsent_.push_back(pod_uid);
    } else {
      ++dropped_;
    }
    Send();
  }

  void Drain(const std::function<void(state::ClusterItem&&)>& handler) {
    Send();
    std::unordered_map<std::string, std::shared_ptr<const state::ClusterMetadata>> results;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      results.swap(results_);
      has_results_ = false;
    }
    for (auto& [uid, metadata] : results) handler({uid, std::move(metadata)});
  }

  bool busy() const {
    if (!unsent_.empty() || sent_ != begun_ || has_results_) return true;
    return pending_ > 0 && Clock::now() - lately_ < kLately;
  }

  ClientCounters counters() const {
    return {.requests = requests_,
            .failed = failed_,
            .refused = refused_,
            .events = events_,
            .unreadable = unreadable_,
            .dropped = dropped_ + no_room_,
            .pods = known_pods_,
            .pending = pending_,
            .reachable = reachable_};
  }

 private:
  // A watch with when it goes on.
  struct Follower {
    Follower(std::string path, std::string selector, Objects& objects, Milliseconds first_pause)
        : watch(std::move(path), std::move(selector), objects), pause(first_pause) {}
    Watch watch;
    bool under_way = false;
    Time due{};
    Time begun{};
    std::uint64_t events_before = 0;
    Milliseconds pause;
    bool hurried = false;  // since it last went on for long
  };

  // Hands over what was asked for, unless the worker is just looking: then the next time.
  void Send() {
    if (unsent_.empty()) return;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      for (; !unsent_.empty(); unsent_.pop_front()) {
        if (asked_.size() < kMaxQueued) {
          asked_.push_back(std::move(unsent_.front()));
          ++sent_;
        } else {
          ++dropped_;
        }
      }
    }
    http_.Wake();
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      TakeAsked();
      BeginWatches();
      BeginOwners();
      http_.Poll(UntilNext());
      Publish();
    }
  }

  void TakeAsked() {
    std::deque<std::string> asked;
    {
      const std::lock_guard lock(mutex_);
      asked.swap(asked_);
    }
    for (const std::string& uid : asked) wanted_.Add(uid, Clock::now());
    Publish();
    begun_ += asked.size();
  }

  Milliseconds UntilNext() const {
    const Time now = Clock::now();
    Time next = now + std::chrono::seconds(1);
    for (const Follower& f : watches_) {
      if (!f.under_way) next = std::min(next, f.due);
    }
    const auto owner = owners_.NextTime();
    if (owner && owners_under_way_ < kOwnersAtOnce) next = std::min(next, *owner);
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(next - now));
  }

  void BeginWatches() {
    for (Follower& f : watches_) {
      if (f.under_way || f.due > Clock::now()) continue;
      const unsigned seconds = SecondsOfWatch();
      Request request{.path = f.watch.NextPath(seconds)};
      request.is_list = !f.watch.is_stream();
      if (f.watch.is_stream()) {
        request.timeout = std::chrono::seconds(seconds + 30);
        request.line = [this, &f](std::string_view line) {
          changed_ = true;
          const bool go_on = f.watch.TakeLine(line);
          if (go_on) Note(f.watch.path(), {.status = kOk}, {});
          if (go_on) Heard(f);
          return go_on;
        };
      }
      request.end = [this, &f](const Answer& answer) { EndWatch(f, answer); };
      f.under_way = true;
      f.begun = Clock::now();
      f.events_before = f.watch.counters().events;
      ++requests_;
      http_.Begin(std::move(request));
    }
  }

  unsigned SecondsOfWatch() {
    const auto least = static_cast<unsigned>(options_.watch.count());
    return std::uniform_int_distribution<unsigned>(least, least + least / 2)(random_);
  }

  void EndWatch(Follower& f, const Answer& answer) {
    f.under_way = false;
    changed_ = true;
    std::string problem;
    const Ended ended = f.watch.TakeEnd(answer, problem);
    const Time now = Clock::now();
    Note(f.watch.path(), answer, problem);
    if (ended == Ended::kWell && f.watch.whole()) Heard(f);
    const bool stream = f.watch.is_stream();
    const bool lasted = now - f.begun >= kShortest;
    if (stream && lasted) {
      f.pause = options_.first_pause;
      f.hurried = false;
    }
    if (ended == Ended::kWell && (!stream || lasted)) {
      f.due = now;
      return;
    }
    f.due = now + Jitter(f.pause);
    // One that tells something is not given up, but neither asked for all the time.
    if (f.watch.counters().events > f.events_before) return;
    f.pause = std::min(f.pause * 2, options_.longest_pause);
  }

  // What it watches is known as it is now.
  void Heard(const Follower& f) {
    if (&f != watches_.data()) return;
    wanted_.Heard(Clock::now());
    if (pods_.size() > 0 || std::exchange(said_none_, true)) return;
    Log("the API server knows no pods of a node " + options_.node +
        ": if this one has another name there, `node` says so");
  }

  // Between a half and the whole, so that a cluster's nodes do not come back all at once.
  Milliseconds Jitter(Milliseconds pause) {
    std::uniform_int_distribution<std::int64_t> between(pause.count() / 2, pause.count());
    return Milliseconds(between(random_));
  }

  void BeginOwners() {
    while (owners_under_way_ < kOwnersAtOnce) {
      const auto due = owners_.Next(Clock::now());
      if (!due) return;
      ++owners_under_way_;
      ++requests_;
      http_.Begin({.path = due->path, .end = [this, due](const Answer& answer) {
                     --owners_under_way_;
                     EndOwner(due->key, due->path, answer);
                   }});
    }
  }

  void EndOwner(const std::string& key, const std::string& path, const Answer& answer) {
    constexpr long kNotFound = 404;
    auto told = Owners::Told::kFailed;
    std::optional<Object> object;
    std::string problem = answer.problem;
    if (answer.problem.empty() && answer.status == kOk) {
      object = ParseObject(answer.body);
      if (object) told = Owners::Told::kObject;
      if (!object) problem = "an object that makes no sense";
      if (!object) ++unreadable_owners_;
    } else if (answer.status == kNotFound) {
      told = Owners::Told::kGone;
    } else {
      problem = ProblemOf(answer);
    }
    // Of a kind, not of each: what is refused is refused for all.
    const std::string kind = path.substr(0, path.rfind('/'));
    Note(kind.substr(kind.rfind('/') + 1), answer, problem);
    changed_ |= owners_.Tell(key, told, std::move(object), Clock::now());
  }

  // Says what goes wrong once, and when it goes well again.
  void Note(const std::string& what, const Answer& answer, const std::string& problem) {
    if (answer.status != 0) NoteAnswered();
    std::string& told = problems_[what];
    if (problem.empty()) {
      if (!told.empty()) Log("the API server tells of " + what + " again");
      told.clear();
      return;
    }
    ++failed_;
    if (IsRefusal(answer.status)) ++refused_;
    if (answer.status == 0) reachable_ = false;
    const std::string kind = answer.status == 0 ? "none" : std::to_string(answer.status);
    if (told == kind) return;
    told = kind;
    Log("the API server does not tell of " + what + ": " + problem);
  }

  void NoteAnswered() {
    if (reachable_.exchange(true)) return;
    for (Follower& f : watches_) {
      // Where one is answered, the others are; unless it comes and goes all the time.
      if (!f.under_way && !std::exchange(f.hurried, true)) f.due = Clock::now();
    }
    if (!greeted_) {
      greeted_ = true;
      Log("owners and namespaces of pods come from " + options_.endpoint.url);
    }
  }

  bool HasRoom() {
    if (!has_results_) return true;
    const std::lock_guard lock(mutex_);
    return results_.size() < kMaxQueued;
  }

  void Publish() {
    if (HasRoom()) TellWanted();  // else what is told would be forgotten
    Count();
  }

  void TellWanted() {
    const Time now = Clock::now();
    const bool sweep = now >= next_sweep_;
    std::vector<state::ClusterItem> items =
        wanted_.Tell(std::exchange(changed_, false) || sweep, now);
    if (sweep) {
      owners_.ForgetUnnamed();
      next_sweep_ = now + kBetweenSweeps;
    }
    if (items.empty()) return;
    const std::lock_guard lock(mutex_);
    for (state::ClusterItem& item : items) results_[item.pod_uid] = std::move(item.metadata);
    has_results_ = true;
  }

  void Count() {
    std::uint64_t events = 0, unreadable = unreadable_owners_;
    for (const Follower& f : watches_) {
      events += f.watch.counters().events;
      unreadable += f.watch.counters().unreadable;
    }
    events_ = events;
    unreadable_ = unreadable;
    known_pods_ = pods_.size();
    no_room_ = pods_.dropped() + namespaces_.dropped() + owners_.dropped() + wanted_.dropped();
    pending_ = wanted_.pending();
  }

  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const ClientOptions options_;

  // Of the thread that asks.
  std::deque<std::string> unsent_;
  std::uint64_t sent_ = 0;
  Time lately_;

  // Of the worker thread; of http_, Wake is for the other too.
  Pods pods_{CacheLimits()};
  Namespaces namespaces_{CacheLimits()};
  Owners owners_{CacheLimits()};
  Wanted wanted_{pods_, namespaces_, owners_, kMaxWanted, options_.not_found};
  Http http_;
  std::array<Follower, 2> watches_;
  std::size_t owners_under_way_ = 0;
  std::uint64_t unreadable_owners_ = 0;
  std::map<std::string, std::string> problems_;  // by what was asked for; few kinds
  bool changed_ = false, greeted_ = false, said_none_ = false;
  Time next_sweep_;
  std::mt19937_64 random_{std::random_device()()};

  std::mutex mutex_;  // the thread that asks only tries it
  std::deque<std::string> asked_;
  std::unordered_map<std::string, std::shared_ptr<const state::ClusterMetadata>> results_;

  std::atomic<std::uint64_t> begun_{0};  // of those sent
  std::atomic<bool> has_results_{false}, reachable_{false};
  std::atomic<std::uint64_t> requests_{0}, failed_{0}, refused_{0}, events_{0}, unreadable_{0},
      dropped_{0}, no_room_{0}, known_pods_{0}, pending_{0};
  std::jthread thread_;
};

Client::Client(ClientOptions options) : worker_(std::make_unique<Worker>(std::move(options))) {}
Client::~Client() = default;

void Client::Ask(const std::string& pod_uid) { worker_->Ask(pod_uid); }
void Client::Drain(const std::function<void(state::ClusterItem&&)>& handler) {
  worker_->Drain(handler);
}
bool Client::busy() const { return worker_->busy(); }
ClientCounters Client::counters() const { return worker_->counters(); }

}  // namespace nezuban::kube
