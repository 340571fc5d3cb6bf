// SPDX-License-Identifier: Apache-2.0
// The reading side of the ring buffer protocol, on memory written here as the kernel would.
#include "probe/ring.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/probe/fake_ring.h"

namespace nezuban::probe {
namespace {

std::string Text(const RingReader& reader) {
  const auto bytes = reader.record();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Take(RingReader& reader) {
  EXPECT_EQ(reader.Peek(), RingReader::Next::kRecord);
  std::string text = Text(reader);
  reader.Pop();
  return text;
}

TEST(Ring, EmptyHasNothing) {
  FakeRing ring;
  RingReader reader = ring.Reader();
  EXPECT_EQ(reader.Peek(), RingReader::Next::kNothing);
}

TEST(Ring, RecordsInOrderAndPeekTakesNothing) {
  FakeRing ring;
  RingReader reader = ring.Reader();
  for (const char* text : {"a", "eight by", "nine byte", ""}) ring.Write(text);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kRecord);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kRecord);
  for (const char* text : {"a", "eight by", "nine byte", ""}) EXPECT_EQ(Take(reader), text);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kNothing);
  EXPECT_EQ(ring.waiting(), 0u);
}

TEST(Ring, RecordBeingWrittenHoldsBackThoseBehindIt) {
  FakeRing ring;
  RingReader reader = ring.Reader();
  const std::uint64_t slow = ring.Reserve("slow");
  ring.Write("quick");
  EXPECT_EQ(reader.Peek(), RingReader::Next::kBeingWritten);
  ring.Commit(slow, "slow");
  EXPECT_EQ(Take(reader), "slow");
  EXPECT_EQ(Take(reader), "quick");
}

TEST(Ring, DiscardedAreSkippedAndFreed) {
  FakeRing ring;
  RingReader reader = ring.Reader();
  ring.Discard("one");
  ring.Discard("another");
  ring.Write("kept");
  ring.Discard("last");
  EXPECT_EQ(Take(reader), "kept");
  EXPECT_EQ(reader.Peek(), RingReader::Next::kNothing);
  EXPECT_EQ(ring.waiting(), 0u);
}

TEST(Ring, GoesRoundManyTimes) {
  FakeRing ring;
  RingReader reader = ring.Reader();
  for (std::size_t i = 0; i < 2003; ++i) {
    const std::string text(i % 977, static_cast<char>('a' + i % 26));
    ring.Write(text);
    ASSERT_EQ(Take(reader), text) << i;
  }
}

}  // namespace
}  // namespace nezuban::probe
