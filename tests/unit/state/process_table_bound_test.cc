// SPDX-License-Identifier: Apache-2.0
// The process table under churn: how large it gets and whom it lets go of.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "state/process_table.h"
#include "testlib/record_builder.h"

namespace nezuban::state {
namespace {

using testlib::Actor;
using testlib::Exec;
using testlib::Exit;
using testlib::Fork;

// Forks and ends processes in one table. Process n has tgid 1000 + n and starts at 10 n + 5.
class Churn {
 public:
  explicit Churn(ProcessTableLimits limits) : table(limits, 10) {}

  static Actor ActorOf(std::uint64_t n) {
    return {.tgid = static_cast<std::uint32_t>(1000 + n), .start_ns = 10 * n + 5, .comm = "p"};
  }
  static ProcessKey KeyOf(std::uint64_t n) { return {ActorOf(n).tgid, ActorOf(n).start_ns}; }

  void Apply(const testlib::Record& record) { table.Apply(record.event(), 0); }
  void Start(std::uint64_t n) { Apply(Exec(ActorOf(n), "/p", argv).Build()); }
  // These patch one record over and over: building millions of them takes too long.
  void ForkFrom(std::uint64_t parent, std::uint64_t child) {
    auto& fork = *reinterpret_cast<fork_record*>(fork_.mutable_bytes().data());
    fork.hdr.tgid = fork.hdr.tid = fork.ppid = ActorOf(parent).tgid;
    fork.hdr.start_ns = fork.parent_start_ns = ActorOf(parent).start_ns;
    fork.child_tgid = ActorOf(child).tgid;
    fork.child_start_ns = ActorOf(child).start_ns;
    Apply(fork_);
  }
  void End(std::uint64_t n) {
    auto& exit = *reinterpret_cast<exit_record*>(exit_.mutable_bytes().data());
    exit.hdr.tgid = exit.hdr.tid = ActorOf(n).tgid;
    exit.hdr.start_ns = ActorOf(n).start_ns;
    Apply(exit_);
  }
  bool Knows(std::uint64_t n) const { return table.Find(KeyOf(n)) != nullptr; }

  ProcessTable table;
  std::string argv;

 private:
  testlib::Record fork_ = Fork({.comm = "p"}, 1, 1).Build();
  testlib::Record exit_ = Exit({.comm = "p"}).Build();
};

TEST(ProcessTableBound, AMillionShortLivedProcessesLeaveItWithinTheBound) {
  Churn churn({.entries = 65536, .recent = 4096});
  churn.Start(0);
  std::size_t largest = 0;
  for (std::uint64_t n = 1; n <= 1'000'000; ++n) {
    churn.ForkFrom(0, n);
    churn.End(n);
    largest = std::max(largest, churn.table.size());
  }
  EXPECT_LE(largest, 65536u);
  EXPECT_LE(churn.table.size(), 4096u + 2048u + 2u) << "and much less, since nobody needs them";
  EXPECT_EQ(churn.table.live(), 1u);
  EXPECT_TRUE(churn.Knows(0));
  EXPECT_TRUE(churn.Knows(1'000'000));
  EXPECT_FALSE(churn.Knows(1));
  EXPECT_EQ(churn.table.counters().released, 1'000'001u - churn.table.size());
  EXPECT_EQ(churn.table.counters().evicted, 0u);
}

TEST(ProcessTableBound, TheRecentBoundMayBeLargerThanTheTable) {
  Churn churn({.entries = 100, .recent = 4096});
  churn.Start(0);
  for (std::uint64_t n = 1; n <= 10'000; ++n) {
    churn.ForkFrom(0, n);
    churn.End(n);
    ASSERT_LE(churn.table.size(), 100u);
  }
  EXPECT_TRUE(churn.Knows(0));
  EXPECT_TRUE(churn.Knows(10'000));
}

TEST(ProcessTableBound, KeepsTheAncestorsOfTheLivingThroughChurn) {
  Churn churn({.entries = 1000, .recent = 16});
  churn.Start(0);
  for (std::uint64_t n = 1; n <= 5; ++n) churn.ForkFrom(n - 1, n);
  for (std::uint64_t n = 0; n < 5; ++n) churn.End(n);
  churn.Start(100);
  for (std::uint64_t n = 101; n < 3000; ++n) {
    churn.ForkFrom(100, n);
    churn.End(n);
  }
  for (std::uint64_t n = 0; n <= 5; ++n) EXPECT_TRUE(churn.Knows(n)) << n;
  churn.End(5);
  for (std::uint64_t n = 3000; n < 3100; ++n) {
    churn.ForkFrom(100, n);
    churn.End(n);
  }
  for (std::uint64_t n = 0; n <= 5; ++n) EXPECT_FALSE(churn.Knows(n)) << n;
}

// A process that forks and ends, over and over, has endless ancestors; the nearest are kept.
TEST(ProcessTableBound, AChainOfDaemonsKeepsTheNearestGenerations) {
  Churn churn({.entries = 1000, .recent = 8, .ancestors = 4});
  churn.Start(0);
  for (std::uint64_t n = 1; n <= 500; ++n) {
    churn.ForkFrom(n - 1, n);
    churn.End(n - 1);
  }
  EXPECT_LE(churn.table.size(), 1u + 4 + 8 + 8);
  for (std::uint64_t n = 496; n <= 500; ++n) EXPECT_TRUE(churn.Knows(n)) << n;
  EXPECT_FALSE(churn.Knows(400));
  EXPECT_EQ(churn.table.counters().evicted, 0u);
}

TEST(ProcessTableBound, NeverRemovesALivingProcess) {
  Churn churn({.entries = 100, .recent = 10});
  churn.Start(0);
  for (std::uint64_t n = 1; n <= 300; ++n) churn.ForkFrom(0, n);
  EXPECT_EQ(churn.table.size(), 301u);
  EXPECT_EQ(churn.table.counters().over_limit, 201u);
  // Full of living ones, it still takes in new ones; those that end go first.
  for (std::uint64_t n = 301; n <= 2000; ++n) {
    churn.ForkFrom(0, n);
    churn.End(n);
    ASSERT_LE(churn.table.size(), 303u);
  }
  for (std::uint64_t n = 0; n <= 300; ++n) ASSERT_TRUE(churn.Knows(n)) << n;
  EXPECT_EQ(churn.table.live(), 301u);
}

TEST(ProcessTableBound, EvictsTheOldestEndedFirstWhenAllAreNeeded) {
  // Pairs: an ended parent with a living child, so that every ended one is needed.
  Churn churn({.entries = 100, .recent = 10});
  for (std::uint64_t n = 0; n < 200; n += 2) {
    churn.Start(n);
    churn.ForkFrom(n, n + 1);
    churn.End(n);
  }
  EXPECT_EQ(churn.table.live(), 100u);
  EXPECT_GT(churn.table.counters().evicted, 0u);
  for (std::uint64_t n = 1; n < 200; n += 2) EXPECT_TRUE(churn.Knows(n)) << n;
  EXPECT_FALSE(churn.Knows(0));
  EXPECT_TRUE(churn.Knows(198));
  bool kept = false;
  for (std::uint64_t n = 0; n < 200; n += 2) {  // once one is kept, all that ended later are
    EXPECT_TRUE(!kept || churn.Knows(n)) << n;
    kept = kept || churn.Knows(n);
  }
}

// What the process an event is returned with points to must not be swept away by that event.
TEST(ProcessTableBound, TheProcessOfAnEventSurvivesTheEvent) {
  Churn churn({.entries = 4, .recent = 1});
  for (std::uint64_t n = 0; n < 200; ++n) {
    const testlib::Record exit = Exit(Churn::ActorOf(n)).Build();
    EXPECT_EQ(churn.table.Apply(exit.event(), 0).key, Churn::KeyOf(n));
    // A fork by a process that has ended already, as far as is known.
    const testlib::Record fork = Fork(Churn::ActorOf(n), 5, 10 * n + 7).Build();
    EXPECT_EQ(churn.table.Apply(fork.event(), 0).key, Churn::KeyOf(n));
  }
}

TEST(ProcessTableBound, AForkBombKeepsItsArgumentsOnce) {
  Churn churn({.entries = 65536});
  churn.argv = std::string(ARGS_LEN_MAX, 'x');
  churn.Start(0);
  for (std::uint64_t n = 1; n < 65536; ++n) churn.ForkFrom(n / 2, n);
  EXPECT_EQ(churn.table.live(), 65536u);
  const char* shared = churn.table.Find(Churn::KeyOf(0))->args.bytes.view().data();
  for (std::uint64_t n = 0; n < 65536; ++n) {
    ASSERT_EQ(churn.table.Find(Churn::KeyOf(n))->args.bytes.view().data(), shared);
  }
  EXPECT_LE(sizeof(Process), 768u) << "times 65,536: what the table of a fork bomb weighs";
}

}  // namespace
}  // namespace nezuban::state
