// SPDX-License-Identifier: Apache-2.0
// Two lanes, one order.
#pragma once

#include <cstddef>

#include "probe/ring.h"
#include "probe/source.h"

namespace nezuban::probe {

// Hands at most `limit` records to `handler`, by their time where both lanes have one, and stops
// early where the order is not certain yet. Returns how many.
//
// The order is causal: what led to a bulk record comes before it. That was committed before the
// bulk record was, so it is in the vital ring once the bulk record has been looked at, and nothing
// before it there is younger. A vital record still being written may be what led to it: a bulk
// record does not overtake that.
std::size_t DrainInOrder(RingReader& vital, RingReader& bulk, std::size_t limit,
                         const RecordHandler& handler);

}  // namespace nezuban::probe
