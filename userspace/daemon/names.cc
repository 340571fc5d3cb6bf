// SPDX-License-Identifier: Apache-2.0
#include "daemon/names.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace nezuban::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using state::NamesAnswer;
using state::NamesItem;
using state::NamesVersion;
using state::NamesWanted;

// Containers of which something is remembered; then all is forgotten, and read anew.
constexpr std::size_t kMostRemembered = 8192;
constexpr std::chrono::milliseconds kBetweenLooks{1};

}  // namespace

class NamesReader::Shared : public std::enable_shared_from_this<Shared> {
 public:
  explicit Shared(Options options) : options_(std::move(options)) {}

  void Start() {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < options_.threads; ++i) AddThread();
  }

  // Waits for the threads that nobody holds up.
  void Stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    wake_.notify_all();
    while (working_ > 0) {
      GiveUpLate();
      ended_.wait_for(lock, options_.time_limit / 10);
    }
  }

  void Ask(const NamesWanted& wanted) {
    if (waited_for_ < options_.queued) {
      unsent_.push_back(wanted);
      ++waited_for_;
    } else {
      ++dropped_;
    }
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) Send();
  }

  void Drain(const std::function<void(NamesItem&&)>& handler) {
    std::deque<NamesItem> results;
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (!lock.owns_lock()) return;
      GiveUpLate();
      Send();
      AnswerWhatNobodyReads();
      results.swap(results_);
    }
    waited_for_ -= results.size();
    for (NamesItem& item : results) handler(std::move(item));
  }

  bool busy() const { return waited_for_ > 0; }

  std::chrono::milliseconds time_limit() const { return options_.time_limit; }

  NamesCounters counters() const {
    return {.read = read_, .unreadable = unreadable_, .stuck = stuck_, .dropped = dropped_};
  }

 private:
  // One thread's work at hand.
  struct Task {
    std::uint64_t cgroup_id = 0;
    Clock::time_point since;
    bool given_up = false;
  };

  // The rest: with the lock held.

  // Without room for one more thread those that there are do the work; without any nobody does.
  void AddThread() {
    try {
      std::thread([self = shared_from_this()] { self->Work(); }).detach();
      ++working_;
    } catch (const std::system_error&) {
      ++failed_threads_;
    }
  }

  // What nobody is left to do is answered, and another thread is tried for what comes later.
  void AnswerWhatNobodyReads() {
    if (working_ > 0 || stopped_) return;
    for (; !requests_.empty(); requests_.pop_front()) Answer(requests_.front().cgroup_id, {});
    if (failed_threads_ > 0 && stuck_ < options_.most_stuck) AddThread();
  }

  void Send() {
    for (; !unsent_.empty(); unsent_.pop_front()) {
      if (working_ == 0 || hopeless_.contains(unsent_.front().cgroup_id)) {
        Answer(unsent_.front().cgroup_id, {});
      } else {
        requests_.push_back(unsent_.front());
        wake_.notify_one();
      }
    }
  }

  void Answer(std::uint64_t cgroup_id, state::NamesRead read) {
    ++(read.answer == NamesAnswer::kUnreadable ? unreadable_ : read_);
    if (read.answer == NamesAnswer::kRead) {
      if (versions_.size() >= kMostRemembered) versions_.clear();
      versions_[cgroup_id] = read.version;
    }
    results_.push_back({cgroup_id, read.answer, std::move(read.names)});
  }

  // Who takes too long is left alone, with its container, and another takes its place.
  void GiveUpLate() {
    const auto now = Clock::now();
    for (Task* task : tasks_) {
      if (task->given_up || now - task->since < options_.time_limit) continue;
      task->given_up = true;
      if (hopeless_.size() >= kMostRemembered) hopeless_.clear();
      hopeless_.insert(task->cgroup_id);
      Answer(task->cgroup_id, {});
      --working_;
      ++stuck_;
      if (!stopped_ && stuck_ < options_.most_stuck) AddThread();
    }
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopped_ || !requests_.empty(); });
      if (stopped_) break;
      const NamesWanted wanted = requests_.front();
      requests_.pop_front();
      if (!ReadOne(wanted, lock)) return;  // it was held up, and another has its place
    }
    --working_;
    ended_.notify_all();
  }

  // False: this thread is one too many.
  bool ReadOne(const NamesWanted& wanted, std::unique_lock<std::mutex>& lock) {
    Task task{.cgroup_id = wanted.cgroup_id, .since = Clock::now()};
    const auto at = versions_.find(wanted.cgroup_id);
    const auto known = at != versions_.end() ? std::optional(at->second) : std::nullopt;
    tasks_.push_back(&task);
    lock.unlock();
    state::NamesRead read = options_.read(wanted, known ? &*known : nullptr);
    lock.lock();
    std::erase(tasks_, &task);
    if (!task.given_up) {
      Answer(wanted.cgroup_id, std::move(read));
      return true;
    }
    --stuck_;
    hopeless_.erase(wanted.cgroup_id);  // it was slow, not stuck
    if (stopped_ || working_ >= options_.threads) return false;
    ++working_;
    return true;
  }

  const Options options_;

  // Of the thread that asks.
  std::deque<NamesWanted> unsent_;
  std::size_t waited_for_ = 0;

  std::mutex mutex_;  // never held while something is read
  std::condition_variable wake_, ended_;
  std::deque<NamesWanted> requests_;
  std::deque<NamesItem> results_;
  std::vector<Task*> tasks_;  // of those that read
  std::map<std::uint64_t, NamesVersion> versions_;
  std::set<std::uint64_t> hopeless_;
  std::size_t working_ = 0;         // threads that nobody holds up
  std::size_t failed_threads_ = 0;  // that could not be started
  bool stopped_ = false;

  std::atomic<std::uint64_t> read_{0}, unreadable_{0}, stuck_{0}, dropped_{0};
};

NamesReader::NamesReader(Options options) : shared_(std::make_shared<Shared>(std::move(options))) {
  shared_->Start();
}

NamesReader::~NamesReader() { shared_->Stop(); }

void NamesReader::Ask(const NamesWanted& wanted) { shared_->Ask(wanted); }

void NamesReader::Drain(const std::function<void(NamesItem&&)>& handler) {
  shared_->Drain(handler);
}

NamesItem NamesReader::WaitFor(const NamesWanted& wanted) {
  std::optional<NamesItem> answer;
  NamesItem unreadable{.cgroup_id = wanted.cgroup_id};
  const auto deadline = Clock::now() + 2 * shared_->time_limit();
  Ask(wanted);
  while (!answer && Clock::now() < deadline) {
    Drain([&answer](NamesItem&& item) { answer = std::move(item); });
    if (!answer) std::this_thread::sleep_for(kBetweenLooks);
  }
  return answer ? *std::move(answer) : unreadable;
}

bool NamesReader::busy() const { return shared_->busy(); }
NamesCounters NamesReader::counters() const { return shared_->counters(); }

}  // namespace nezuban::daemon
