// SPDX-License-Identifier: Apache-2.0
// Names are read beside the ingest thread, and no container holds that up: not even with a file
// system that never answers.
#include "daemon/names.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace nezuban::daemon {
namespace {

using state::NamesAnswer;
using state::NamesItem;
using state::NamesRead;
using std::chrono::milliseconds;

// Holds up whoever reads of a container with an odd id, until it is opened. Of the threads that are
// held up too, so it outlives the test.
struct Gate {
  std::mutex mutex;
  std::condition_variable wake;
  bool open = false;
  int inside = 0;

  NamesRead Read(const state::NamesWanted& wanted, const state::NamesVersion* known) {
    std::unique_lock lock(mutex);
    ++inside;
    wake.notify_all();
    wake.wait(lock, [&] { return open || wanted.cgroup_id % 2 == 0; });
    --inside;
    wake.notify_all();
    NamesRead read{.answer = known != nullptr ? NamesAnswer::kUnchanged : NamesAnswer::kRead};
    read.names = std::make_shared<const state::UserNames>();
    return read;
  }
  void Open() {
    const std::lock_guard lock(mutex);
    open = true;
    wake.notify_all();
  }
};

class NamesReaderTest : public testing::Test {
 protected:
  ~NamesReaderTest() override {
    gate_->Open();
    std::unique_lock lock(gate_->mutex);
    gate_->wake.wait(lock, [this] { return gate_->inside == 0; });
  }

  void Make(milliseconds limit, std::size_t most_stuck) {
    reader_ = std::make_unique<NamesReader>(NamesReader::Options{
        .read = [gate = gate_](const auto& wanted,
                               const auto* known) { return gate->Read(wanted, known); },
        .time_limit = limit,
        .threads = 1,
        .most_stuck = most_stuck,
        .queued = 8});
  }

  // The answer for that container; waits for it.
  NamesAnswer Ask(std::uint64_t cgroup_id) {
    reader_->Ask({.cgroup_id = cgroup_id});
    while (!answers_.contains(cgroup_id)) {
      reader_->Drain([this](NamesItem&& item) { answers_[item.cgroup_id] = item.answer; });
      std::this_thread::sleep_for(milliseconds(1));
    }
    return answers_.extract(cgroup_id).mapped();
  }

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<NamesReader> reader_;
  std::map<std::uint64_t, NamesAnswer> answers_;
};

TEST_F(NamesReaderTest, ReadsAndRemembersWhichVersion) {
  Make(std::chrono::seconds(60), 1);
  EXPECT_FALSE(reader_->busy());
  EXPECT_EQ(Ask(2), NamesAnswer::kRead);
  EXPECT_EQ(Ask(2), NamesAnswer::kUnchanged);
  EXPECT_EQ(Ask(4), NamesAnswer::kRead);
  EXPECT_FALSE(reader_->busy());
  EXPECT_EQ(reader_->counters().read, 3U);
  EXPECT_EQ(reader_->WaitFor({.cgroup_id = 6}).answer, NamesAnswer::kRead);
}

TEST_F(NamesReaderTest, WhoHoldsItUpIsGivenUpAndNobodyElse) {
  Make(milliseconds(250), 4);
  EXPECT_EQ(Ask(1), NamesAnswer::kUnreadable);
  EXPECT_EQ(reader_->counters().stuck, 1U);
  EXPECT_EQ(Ask(2), NamesAnswer::kRead) << "another thread took its place";
  EXPECT_EQ(Ask(1), NamesAnswer::kUnreadable);
  EXPECT_EQ(reader_->counters().stuck, 1U) << "it is not tried again";
}

TEST_F(NamesReaderTest, ThreadsThatAreHeldUpAreBounded) {
  Make(milliseconds(250), 2);
  EXPECT_EQ(Ask(1), NamesAnswer::kUnreadable);
  EXPECT_EQ(Ask(3), NamesAnswer::kUnreadable);
  EXPECT_EQ(Ask(5), NamesAnswer::kUnreadable) << "nobody is left to read";
  EXPECT_EQ(Ask(2), NamesAnswer::kUnreadable);
  EXPECT_EQ(reader_->counters().stuck, 2U);
  gate_->Open();
  while (reader_->counters().stuck > 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(Ask(2), NamesAnswer::kRead) << "a thread that is let go works again";
}

TEST_F(NamesReaderTest, WhoWaitsWhenTheLastThreadIsHeldUpIsAnsweredToo) {
  Make(milliseconds(100), 1);
  reader_->Ask({.cgroup_id = 1});
  reader_->Ask({.cgroup_id = 2});
  reader_->Ask({.cgroup_id = 4});
  std::map<std::uint64_t, NamesAnswer> answers;
  for (int i = 0; i < 2000 && reader_->busy(); ++i) {
    reader_->Drain([&](NamesItem&& item) { answers[item.cgroup_id] = item.answer; });
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_FALSE(reader_->busy());
  EXPECT_EQ(answers.size(), 3U);
}

TEST_F(NamesReaderTest, EndsWhileSomebodyHoldsItUp) {
  Make(milliseconds(250), 4);
  reader_->Ask({.cgroup_id = 1});
  {
    std::unique_lock lock(gate_->mutex);
    gate_->wake.wait(lock, [this] { return gate_->inside == 1; });
  }
  reader_.reset();
}

TEST_F(NamesReaderTest, TakesNoMoreThanItHasRoomFor) {
  Make(std::chrono::seconds(60), 1);
  for (int i = 0; i < 20; ++i) reader_->Ask({.cgroup_id = 2});
  EXPECT_EQ(reader_->counters().dropped, 12U);
}

}  // namespace
}  // namespace nezuban::daemon
