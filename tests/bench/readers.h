// SPDX-License-Identifier: Apache-2.0
// Subscribers in a process of their own, each with a connection of its own; what they saw is in
// memory that both processes have.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace nezuban::bench {

inline constexpr int kMaxReaders = 128;
inline constexpr std::uint64_t kMaxWaits = 1 << 17;

struct ReaderTotals {
  std::atomic<std::uint64_t> alerts{0};
  std::atomic<std::uint64_t> lost{0};  // told in gaps
  std::atomic<std::uint64_t> disordered{
      0};  // alerts whose cursor was not larger than the last one's
};

struct Board {
  std::atomic<int> subscribed{0};
  std::atomic<bool> resume{false};  // those that stopped read again
  std::array<ReaderTotals, kMaxReaders> readers;
  // From the alert's time to the first reader, in microseconds; the first kMaxWaits.
  std::atomic<std::uint64_t> waits{0};
  std::array<std::int64_t, kMaxWaits> wait_us;
};

class Readers {
 public:
  // Starts `count` of them at the unix socket and returns when all have subscribed; the last
  // `stalled` read nothing behind their first message. Aborts if they cannot.
  Readers(const std::string& socket, int count, int stalled);
  // Ends the process.
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  Board& board() { return *board_; }
  double CpuSeconds() const;  // of the process so far

 private:
  Board* board_;
  pid_t process_;
};

// What the process runs: with the arguments that Readers gave it.
int RunReaders(int argc, char** argv);

}  // namespace nezuban::bench
