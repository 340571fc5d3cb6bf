// SPDX-License-Identifier: Apache-2.0
#include "rpc/gap_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace nezuban::rpc {
namespace {

using Queue = GapQueue<int, char>;

bool Push(Queue& queue, int item, std::size_t bytes = 1) {
  return queue.Push(item, bytes, item * 10, LossReason::kSubscriberSlow);
}

// "1 2 [3@30-50] 6 !": items, a loss as count and times, a marker.
std::string Drain(Queue& queue) {
  std::string out;
  while (auto entry = queue.Pop()) {
    if (!out.empty()) out += ' ';
    if (const auto* item = std::get_if<0>(&*entry)) out += std::to_string(*item);
    if (const auto* loss = std::get_if<1>(&*entry)) {
      out += '[' + std::to_string(loss->count) + '@' + std::to_string(loss->first_ns) + '-' +
             std::to_string(loss->last_ns) + ']';
    }
    if (const auto* marker = std::get_if<2>(&*entry)) out += *marker;
  }
  return out;
}

TEST(GapQueue, KeepsOrder) {
  Queue queue(10, 100);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(Push(queue, i));
  EXPECT_EQ(Drain(queue), "1 2 3");
  EXPECT_EQ(queue.items(), 0u);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(GapQueue, MarksWhatDoesNotFitAtItsPlace) {
  Queue queue(4, 100);
  for (int i = 1; i <= 7; ++i) EXPECT_EQ(Push(queue, i), i <= 4);
  EXPECT_EQ(queue.items(), 4u);
  for (int i = 0; i < 2; ++i) queue.Pop();  // half is free again
  EXPECT_TRUE(Push(queue, 8));
  EXPECT_EQ(Drain(queue), "3 4 [3@50-70] 8");
}

TEST(GapQueue, TakesNothingUntilHalfIsRead) {
  Queue queue(4, 100);
  for (int i = 1; i <= 5; ++i) Push(queue, i);
  queue.Pop();
  EXPECT_FALSE(Push(queue, 6));
  queue.Pop();
  EXPECT_TRUE(Push(queue, 7));
  EXPECT_EQ(Drain(queue), "3 4 [2@50-60] 7");
}

TEST(GapQueue, BoundsBytesToo) {
  Queue queue(100, 10);
  EXPECT_TRUE(Push(queue, 1, 6));
  EXPECT_TRUE(Push(queue, 2, 4));
  EXPECT_FALSE(Push(queue, 3, 1));
  EXPECT_EQ(queue.bytes(), 10u);
  EXPECT_EQ(Drain(queue), "1 2 [1@30-30]");
  EXPECT_FALSE(Push(queue, 4, 11));  // can never fit
  EXPECT_FALSE(Push(queue, 5, static_cast<std::size_t>(-1)));
  EXPECT_TRUE(Push(queue, 6, 10)) << "what cannot fit must not close the queue for ever";
  EXPECT_EQ(Drain(queue), "[2@40-50] 6");
}

TEST(GapQueue, StaysBoundedWhenReadOneByOne) {
  Queue queue(10, 100);
  for (int i = 0; i < 10000; ++i) {
    Push(queue, i);
    if (i % 3 == 0) queue.Pop();
    EXPECT_LE(queue.items(), 10u);
  }
}

TEST(GapQueue, JoinsLossesOfTheSameReasonOnly) {
  Queue queue(10, 100);
  queue.AddLoss({2, 5, 6, LossReason::kNodeBusy});
  queue.AddLoss({3, 7, 9, LossReason::kNodeBusy});
  queue.AddLoss({1, 9, 9, LossReason::kAlertTooLarge});
  EXPECT_EQ(Drain(queue), "[5@5-9] [1@9-9]");
}

TEST(GapQueue, HoldsOneMarkerAtMost) {
  Queue queue(10, 100);
  Push(queue, 1);
  EXPECT_TRUE(queue.PushMarker('!'));
  Push(queue, 2);
  EXPECT_FALSE(queue.PushMarker('?'));
  EXPECT_EQ(Drain(queue), "1 ! 2");
  EXPECT_TRUE(queue.PushMarker('?'));
}

TEST(GapQueue, MarkerFitsWhenFull) {
  Queue queue(1, 100);
  Push(queue, 1);
  EXPECT_TRUE(queue.PushMarker('!'));
  EXPECT_EQ(Drain(queue), "1 !");
}

TEST(GapQueue, ShedLeavesOneLossForAll) {
  Queue queue(3, 100);
  for (int i = 1; i <= 5; ++i) Push(queue, i);
  queue.PushMarker('!');
  EXPECT_EQ(queue.Shed(LossReason::kMemoryLimit), 3u);
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(Push(queue, 6));
  EXPECT_TRUE(queue.PushMarker('?'));
  EXPECT_EQ(Drain(queue), "[5@10-50] 6 ?");
  EXPECT_EQ(queue.Shed(LossReason::kMemoryLimit), 0u);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace nezuban::rpc
