// SPDX-License-Identifier: Apache-2.0
// The alert of a start that the monitor before it did not live to see coming.
#pragma once

#include <cstdint>

#include "alert/alert.h"
#include "store/store.h"

namespace nezuban::daemon {

// "Monitor was cut off", source "nezuban": it ended without being told to. What it saw of its own
// end died with it, so only the next start can tell: Critical where the node stayed up (somebody
// killed it, or it crashed), Notice where the node itself went down. `now_ns` is since the epoch.
alert::Alert CutOffAlert(const store::CutOff& cut_off, std::int64_t now_ns);

}  // namespace nezuban::daemon
