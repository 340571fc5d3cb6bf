// SPDX-License-Identifier: Apache-2.0
#include "probe/pace.h"

#include <algorithm>

#include "bpf/events.h"

namespace nezuban::probe {

Pace::Wait Pace::Next() {
  if (naps_in_vain_ > 0) wake_ups_ = kWakeUps;
  if (naps_in_vain_ >= kNapsInVain) return {READER_SLEEPS, std::chrono::microseconds::max()};
  return {wake_ups_ > 0 ? READER_DOZES : READER_NAPS, nap_};
}

void Pace::Over(const Wait& wait, bool woken) {
  if (wait.state == READER_SLEEPS) {
    nap_ = kShortestNap;
    return;
  }
  if (woken && wake_ups_ > 0) --wake_ups_;
  // The short ones are over sooner than the next record.
  if (!woken && nap_ == kLongestNap) ++naps_in_vain_;
  nap_ = std::min(2 * nap_, kLongestNap);
}

}  // namespace nezuban::probe
