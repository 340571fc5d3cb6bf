// SPDX-License-Identifier: Apache-2.0
// Alerts in the words of the Open Cybersecurity Schema Framework 1.3: a Detection Finding (class
// 2004) with the profiles host and container. A gap is a base event.
#pragma once

#include <string>

#include "sinks/destination.h"
#include "sinks/options.h"

namespace opentelemetry::proto::collector::logs::v1 {
class AnyValue;
}

namespace nezuban::sinks {

using OtlpValue = opentelemetry::proto::collector::logs::v1::AnyValue;

// `out` is empty or cleared; becomes a map. Text is made valid UTF-8.
void ToOcsf(const Outgoing& outgoing, const NodeNames& names, OtlpValue& out);

// The same as one JSON object, no newline.
std::string OcsfJson(const Outgoing& outgoing, const NodeNames& names);

}  // namespace nezuban::sinks
