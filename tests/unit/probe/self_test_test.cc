// SPDX-License-Identifier: Apache-2.0
#include "probe/self_test.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "base/unique_fd.h"

namespace nezuban::probe {
namespace {

using std::chrono::milliseconds;

bool Done(const ProofContext&) { return true; }
bool Impossible(const ProofContext&) { return false; }
[[noreturn]] bool Hangs(const ProofContext&) {
  while (true) ::pause();
}

SensorRow Row(event::EventType event, ProofAct act) {
  SensorRow row;
  row.event = event;
  row.act = act;
  return row;
}

EventSet RunWith(ProofAct act, milliseconds patience) {
  const SensorRow open = Row(EVENT_OPEN, Done);
  const SensorRow connect = Row(EVENT_CONNECT, act);
  const std::array<const SensorRow*, 2> rows = {&open, &connect};
  return RunSelfTest(rows, patience);
}

TEST(SelfTest, GivesThoseWhoseActWasDone) {
  const EventSet done = RunWith(Impossible, milliseconds(30'000));
  EXPECT_TRUE(done[EVENT_OPEN]);
  EXPECT_FALSE(done[EVENT_CONNECT]);
  EXPECT_TRUE(done[EVENT_FORK]);
  EXPECT_TRUE(done[EVENT_EXEC]);
  EXPECT_TRUE(done[EVENT_EXIT]);
}

TEST(SelfTest, WhatHangsIsGivenUpAndLeavesNoProcess) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reads(ends[0]);
  UniqueFd writes(ends[1]);  // every child has it, too
  EXPECT_TRUE(RunWith(Hangs, milliseconds(50)).none()) << "what it got to says nothing of the rest";
  writes.reset();
  pollfd fd = {reads.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&fd, 1, 10'000), 1) << "a child is still there";
  EXPECT_NE(fd.revents & POLLHUP, 0);
}

}  // namespace
}  // namespace nezuban::probe
