// SPDX-License-Identifier: Apache-2.0
// The reading side of the ring buffer protocol, on memory written here as the kernel would.
#include "probe/ring.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <array>
#include <cstring>
#include <string>

namespace nezuban::probe {
namespace {

constexpr std::size_t kSize = 4096;

// A ring whose data can be seen twice in a row, kept so by writing everything twice.
class Ring {
 public:
  RingReader Reader() { return {&producer_, &consumer_, data_.data(), kSize}; }

  // Reserves a record; still being written.
  std::uint64_t Reserve(const std::string& text) {
    const std::uint64_t at = producer_;
    const auto length = static_cast<std::uint32_t>(text.size());
    SetHeader(at, length | BPF_RINGBUF_BUSY_BIT);
    for (std::size_t i = 0; i < text.size(); ++i)
      Put(at + BPF_RINGBUF_HDR_SZ + i, static_cast<std::byte>(text[i]));
    producer_ += (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
    return at;
  }
  void Commit(std::uint64_t at, const std::string& text, std::uint32_t bits = 0) {
    SetHeader(at, static_cast<std::uint32_t>(text.size()) | bits);
  }
  void Write(const std::string& text) { Commit(Reserve(text), text); }
  void Discard(const std::string& text) { Commit(Reserve(text), text, BPF_RINGBUF_DISCARD_BIT); }

  std::uint64_t waiting() const { return producer_ - consumer_; }

 private:
  void SetHeader(std::uint64_t at, std::uint32_t value) {
    std::array<std::byte, 4> bytes{};
    std::memcpy(bytes.data(), &value, sizeof value);
    for (std::size_t i = 0; i < bytes.size(); ++i) Put(at + i, bytes[i]);
  }
  void Put(std::uint64_t at, std::byte byte) {
    data_[at % kSize] = byte;
    data_[at % kSize + kSize] = byte;
  }

  alignas(8) std::uint64_t producer_ = 0;
  alignas(8) std::uint64_t consumer_ = 0;
  alignas(8) std::array<std::byte, 2 * kSize> data_{};
};

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
  Ring ring;
  RingReader reader = ring.Reader();
  EXPECT_EQ(reader.Peek(), RingReader::Next::kNothing);
}

TEST(Ring, RecordsInOrderAndPeekTakesNothing) {
  Ring ring;
  RingReader reader = ring.Reader();
  for (const char* text : {"a", "eight by", "nine byte", ""}) ring.Write(text);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kRecord);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kRecord);
  for (const char* text : {"a", "eight by", "nine byte", ""}) EXPECT_EQ(Take(reader), text);
  EXPECT_EQ(reader.Peek(), RingReader::Next::kNothing);
  EXPECT_EQ(ring.waiting(), 0u);
}

TEST(Ring, RecordBeingWrittenHoldsBackThoseBehindIt) {
  Ring ring;
  RingReader reader = ring.Reader();
  const std::uint64_t slow = ring.Reserve("slow");
  ring.Write("quick");
  EXPECT_EQ(reader.Peek(), RingReader::Next::kBeingWritten);
  ring.Commit(slow, "slow");
  EXPECT_EQ(Take(reader), "slow");
  EXPECT_EQ(Take(reader), "quick");
}

TEST(Ring, DiscardedAreSkippedAndFreed) {
  Ring ring;
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
  Ring ring;
  RingReader reader = ring.Reader();
  for (std::size_t i = 0; i < 2003; ++i) {
    const std::string text(i % 977, static_cast<char>('a' + i % 26));
    ring.Write(text);
    ASSERT_EQ(Take(reader), text) << i;
  }
}

}  // namespace
}  // namespace nezuban::probe
