// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel as the names rules know them by.
#pragma once

#include <cstdint>
#include <string_view>

#include "fields/arena.h"

namespace nezuban::fields {

// "MS_RDONLY|MS_BIND", in the order of the bits; what has no name is left out; "0" for none.
std::string_view MountFlags(std::uint64_t flags, Arena& arena);

// "CLONE_NEWNS|CLONE_NEWUSER", likewise.
std::string_view CloneFlags(std::uint64_t flags, Arena& arena);

// SUCCESS for 0 and above, else the name of the error: "EINPROGRESS".
std::string_view ResultName(std::int64_t result, Arena& arena);

}  // namespace nezuban::fields
