// SPDX-License-Identifier: Apache-2.0
#include "probe/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bpf/events.h"

namespace nezuban::probe {
namespace {

constexpr std::size_t kLongestRecord = RECORD_MAX + BPF_RINGBUF_HDR_SZ;

std::size_t PageSize() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

RingReader::Next RingReader::Peek() {
  for (;;) {
    const std::uint64_t consumed = *consumer_;  // only this thread writes it
    const std::uint64_t produced =
        std::atomic_ref(*const_cast<std::uint64_t*>(producer_)).load(std::memory_order_acquire);
    if (consumed >= produced) return Next::kNothing;
    auto* header =
        reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(data_ + (consumed & mask_)));
    const std::uint32_t length = std::atomic_ref(*header).load(std::memory_order_acquire);
    if (length & BPF_RINGBUF_BUSY_BIT) return Next::kBeingWritten;
    if (length & BPF_RINGBUF_DISCARD_BIT) {
      Advance(length & ~BPF_RINGBUF_DISCARD_BIT);
      continue;
    }
    record_ = {reinterpret_cast<const std::byte*>(header) + BPF_RINGBUF_HDR_SZ, length};
    return Next::kRecord;
  }
}

void RingReader::Pop() { Advance(static_cast<std::uint32_t>(record_.size())); }

void RingReader::Advance(std::uint32_t length) {
  const std::uint64_t step = (std::uint64_t{length} + BPF_RINGBUF_HDR_SZ + 7) & ~std::uint64_t{7};
  std::atomic_ref(*consumer_).store(*consumer_ + step, std::memory_order_release);
}

Result<RingMapping> RingMapping::Map(int map_fd, std::size_t size) {
  const std::size_t page = PageSize();
  void* consumer = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED)
    return Fail(std::string("map a ring buffer: ") + std::strerror(errno));
  // The kernel's mapping shows the data twice. Each page mapped counts as resident memory of ours,
  // so of the second showing only what a record that wraps can reach into.
  const std::size_t beyond = std::min(size, (kLongestRecord + page - 1) / page * page);
  const std::size_t mapped = page + size + beyond;
  void* producer = ::mmap(nullptr, mapped, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    const int error = errno;
    ::munmap(consumer, page);
    return Fail(std::string("map a ring buffer's data: ") + std::strerror(error));
  }
  return RingMapping(consumer, producer, size, mapped);
}

RingMapping::RingMapping(RingMapping&& other) noexcept
    : consumer_(std::exchange(other.consumer_, nullptr)),
      producer_(std::exchange(other.producer_, nullptr)),
      size_(other.size_),
      mapped_(other.mapped_) {}

RingMapping::~RingMapping() {
  if (consumer_ != nullptr) ::munmap(consumer_, PageSize());
  if (producer_ != nullptr) ::munmap(producer_, mapped_);
}

RingReader RingMapping::Reader() const {
  return {static_cast<const std::uint64_t*>(producer_), static_cast<std::uint64_t*>(consumer_),
          static_cast<const std::byte*>(producer_) + PageSize(), size_};
}

}  // namespace nezuban::probe
