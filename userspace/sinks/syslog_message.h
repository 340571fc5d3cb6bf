// SPDX-License-Identifier: Apache-2.0
// Messages of RFC 5424.
#pragma once

#include <string>

#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

// One message, without framing, of at most `options.max_bytes`: MSG is cut at a character first;
// where that is not enough, the alert's fields go. Bytes that are no UTF-8 become U+FFFD.
std::string SyslogMessage(const Outgoing& outgoing, const SyslogOptions& options,
                          const NodeNames& names);

}  // namespace nezuban::sinks
