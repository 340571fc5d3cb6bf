// SPDX-License-Identifier: Apache-2.0
#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

namespace nezuban {
namespace {

using std::chrono::milliseconds;

TEST(BoundedQueue, KeepsOrderAndRefusesWhatDoesNotFit) {
  BoundedQueue<int> queue(3);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(queue.TryPush(i), i <= 3) << i;
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.dropped(), 2u);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(queue.Pop(milliseconds(0)), i);
  EXPECT_EQ(queue.Pop(milliseconds(1)), std::nullopt);
}

TEST(BoundedQueue, ClosedGivesWhatIsLeftThenNothing) {
  BoundedQueue<int> queue(3);
  queue.TryPush(1);
  queue.Close();
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_EQ(queue.dropped(), 1u);
  EXPECT_EQ(queue.Pop(milliseconds(0)), 1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(queue.Pop(std::chrono::minutes(1)), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(BoundedQueue, WakesAWaitingConsumer) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  std::jthread producer([&] {
    std::this_thread::sleep_for(milliseconds(10));
    queue.TryPush(std::make_unique<int>(7));
  });
  const auto item = queue.Pop(std::chrono::minutes(1));
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(**item, 7);
}

TEST(BoundedQueue, LosesNothingUncountedBetweenThreads) {
  BoundedQueue<int> queue(16);
  constexpr int kEach = 20'000;
  std::size_t received = 0;
  {
    std::jthread consumer([&] {
      while (!queue.closed() || queue.size() > 0) {
        if (queue.Pop(milliseconds(5))) ++received;
      }
    });
    {
      const auto produce = [&] {
        for (int i = 0; i < kEach; ++i) queue.TryPush(i);
      };
      std::jthread a(produce);
      std::jthread b(produce);
    }
    queue.Close();
  }
  EXPECT_EQ(received + queue.dropped(), 2u * kEach);
}

}  // namespace
}  // namespace nezuban
