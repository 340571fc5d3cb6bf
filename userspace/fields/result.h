// SPDX-License-Identifier: Apache-2.0
// What the system call gave back, for each event that has it.
#pragma once

#include "fields/field.h"

namespace nezuban::fields {

// The events that have a result; On(...) bits.
inline constexpr std::uint64_t kEventsWithResult =
    On({EVENT_EXEC, EVENT_FORK, EVENT_MOUNT, EVENT_DUP, EVENT_CONNECT});

// 0, a descriptor, a pid or -errno. Unknown where the sensor ran before the act.
Value EventResult(const FieldContext& context);

}  // namespace nezuban::fields
