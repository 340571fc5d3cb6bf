// SPDX-License-Identifier: Apache-2.0
// Alerts as OpenTelemetry logs over gRPC, each an OCSF Detection Finding.
#pragma once

#include <memory>

#include "base/result.h"
#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

// Tried again after the codes that the protocol lists for that, and after those of a receiver or
// credentials that somebody may mend. INVALID_ARGUMENT and what a partial success rejects are
// refused.
Result<std::unique_ptr<Destination>> OpenOtlp(const SinkOptions& options, const NodeNames& names);

}  // namespace nezuban::sinks
