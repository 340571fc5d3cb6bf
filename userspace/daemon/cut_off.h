// SPDX-License-Identifier: Apache-2.0
// The alert of a start that the monitor before it did not live to see coming.
#pragma once

#include <cstdint>

#include "alert/alert.h"

namespace nezuban::daemon {

// "Monitor was cut off", source "nezuban": it ended without being told to. What it saw of its own
// end died with it, so only the next start can tell: Critical where the node stayed up (somebody
// killed it, or it crashed), Notice where the node itself went down since. Nanoseconds since the
// epoch: `alive_ns`, when it was last known to be there (Store::cut_off_ns), `now_ns`, and
// `booted_ns`.
alert::Alert CutOffAlert(std::int64_t alive_ns, std::int64_t now_ns, std::int64_t booted_ns);

}  // namespace nezuban::daemon
