// SPDX-License-Identifier: Apache-2.0
// A ring buffer in plain memory, written as the kernel would.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstring>
#include <string>

#include "probe/ring.h"

namespace nezuban::probe {

// A ring whose data can be seen twice in a row, kept so by writing everything twice.
class FakeRing {
 public:
  static constexpr std::size_t kSize = 4096;

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

}  // namespace nezuban::probe
