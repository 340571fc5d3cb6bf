// SPDX-License-Identifier: Apache-2.0
// What `nezuban watch` prints: one line each, without its newline.
#pragma once

#include <string>

#include "alert/alert.h"
#include "store/entry.h"

namespace nezuban::cli {

// For people: time, priority, rule, output, container. Everything that came from outside is
// escaped, so it can neither move the cursor nor forge a line.
std::string AlertLine(const alert::Alert& alert, bool colour);
std::string GapLine(const store::StoredGap& gap, bool colour);

// For programs: {"gap":{"count":…,"first_time":…,"last_time":…,"reason":…}}. Alerts have
// alert::ToJson.
std::string GapJson(const store::StoredGap& gap);

}  // namespace nezuban::cli
