// SPDX-License-Identifier: Apache-2.0
// Commands, types, requests and capabilities of the kernel by the names rules know them by. What
// has no name is its number.
#pragma once

#include <cstdint>
#include <string_view>

#include "fields/arena.h"

namespace nezuban::fields {

std::string_view PtraceRequest(std::int64_t request, Arena& arena);  // "PTRACE_ATTACH"
std::string_view BpfCommand(std::int64_t command, Arena& arena);     // "BPF_PROG_LOAD"
std::string_view BpfProgramType(std::int64_t type, Arena& arena);    // "BPF_PROG_TYPE_KPROBE"
std::string_view BpfMapType(std::int64_t type, Arena& arena);        // "BPF_MAP_TYPE_HASH"
std::string_view KeyctlOperation(std::int64_t operation, Arena& arena);
std::string_view FsconfigCommand(std::int64_t command, Arena& arena);
std::string_view SignalName(std::int64_t signal, Arena& arena);  // "SIGKILL"

// "CAP_CHOWN CAP_SYS_ADMIN", in the order of the bits; empty for none.
std::string_view CapabilityNames(std::uint64_t set, Arena& arena);

// An id of a user or group: "root" for 0, "<NONE>" for -1, else the number.
std::string_view IdName(std::uint32_t id, Arena& arena);

}  // namespace nezuban::fields
