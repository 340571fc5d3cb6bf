// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "state/process.h"

namespace nezuban::state {

// The processes of the node, living and lately ended. (interface; see the implementation)
class ProcessTable;

}  // namespace nezuban::state
