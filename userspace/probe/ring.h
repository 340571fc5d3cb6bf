// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer record by record. Why not libbpf's ring_buffer: that gives a record only
// by taking it, whereas two rings can be merged in order only by looking at both first; and it does
// not tell an empty ring from one whose next record is still being written.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace nezuban::probe {

// The reading side of the protocol, on memory it does not own. One thread only.
class RingReader {
 public:
  enum class Next : std::uint8_t { kNothing, kBeingWritten, kRecord };

  // `data` goes on behind `size`, a power of two, with its own beginning: by a record's length at
  // least, so that none wraps.
  RingReader(const std::uint64_t* producer, std::uint64_t* consumer, const std::byte* data,
             std::size_t size)
      : producer_(producer), consumer_(consumer), data_(data), mask_(size - 1) {}

  // What comes next, passing over discarded records. With kRecord, record() is valid until Pop.
  Next Peek();
  std::span<const std::byte> record() const { return record_; }
  // REQUIRES: the last Peek said kRecord.
  void Pop();

 private:
  void Advance(std::uint32_t length);

  const std::uint64_t* producer_;
  std::uint64_t* consumer_;
  const std::byte* data_;
  std::uint64_t mask_;
  std::span<const std::byte> record_;
};

// The memory of a ring buffer map.
class RingMapping {
 public:
  // The descriptor is only used here; `size` is the map's max_entries.
  static Result<RingMapping> Map(int map_fd, std::size_t size);

  RingMapping(RingMapping&& other) noexcept;
  RingMapping& operator=(RingMapping&&) = delete;
  ~RingMapping();

  RingReader Reader() const;

 private:
  RingMapping(void* consumer, void* producer, std::size_t size, std::size_t mapped)
      : consumer_(consumer), producer_(producer), size_(size), mapped_(mapped) {}

  void* consumer_;
  void* producer_;
  std::size_t size_;
  std::size_t mapped_;  // bytes at producer_
};

}  // namespace nezuban::probe
