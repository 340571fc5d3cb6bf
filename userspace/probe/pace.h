// SPDX-License-Identifier: Apache-2.0
// How long the reader of the rings looks away.
#pragma once

#include <chrono>
#include <cstdint>

namespace nezuban::probe {

// A wake-up per record would cost a busy node more than all the rest. So while records keep coming
// the reader looks by itself: short naps after a sleep, each twice as long as the one before, as a
// single exec is several records within a millisecond. After so many long ones in vain it sleeps.
// From a nap too it is woken by what is vital, so that a single act is told at once; but only so
// often until records stop for the time of a nap: on a node where they never do, naps are all.
// One thread.
class Pace {
 public:
  static constexpr std::chrono::microseconds kShortestNap{250};
  static constexpr std::chrono::microseconds kLongestNap{2000};
  static constexpr int kNapsInVain = 3;
  static constexpr int kWakeUps = 8;

  struct Wait {
    std::uint32_t state = 0;  // READER_*
    std::chrono::microseconds longest{};
  };

  // The rings were found empty: how to wait now.
  Wait Next();
  // That is over, after waiting; `woken`: by the kernel side.
  void Over(const Wait& wait, bool woken);
  // There were records.
  void Found() { naps_in_vain_ = 0; }

 private:
  int naps_in_vain_ = 0;  // since the last record
  std::chrono::microseconds nap_ = kShortestNap;
  int wake_ups_ = kWakeUps;  // from naps, until one is in vain
};

}  // namespace nezuban::probe
