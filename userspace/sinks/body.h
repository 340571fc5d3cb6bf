// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

// One JSON object without a newline: the alert in the format asked for, or the gap.
std::string Body(const Outgoing& outgoing, BodyFormat format, const NodeNames& names);

// "3 alerts lost between TIME and TIME: REASON".
std::string GapText(const Gap& gap);

}  // namespace nezuban::sinks
