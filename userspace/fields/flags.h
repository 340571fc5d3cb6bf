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

// The same as a number, by the language's own numbering, in which the two newest flags have none.
std::int64_t CloneNumber(std::uint64_t flags);

// "SOCK_NONBLOCK|SOCK_CLOEXEC" of the type that socket(2) was called with; "0" for none.
std::string_view SocketFlags(std::uint64_t type, Arena& arena);

// "AF_INET6"; the number for one without a name.
std::string_view SocketDomain(std::uint32_t domain, Arena& arena);

// Likewise: "MNT_DETACH", "O_CLOEXEC|UFFD_USER_MODE_ONLY",
// "IORING_SETUP_SQPOLL", "MODULE_INIT_IGNORE_VERMAGIC", "OPEN_TREE_CLONE", "MOUNT_ATTR_RDONLY".
std::string_view UmountFlags(std::uint64_t flags, Arena& arena);
std::string_view MemfdFlags(std::uint64_t flags, Arena& arena);  // "MFD_CLOEXEC|MFD_EXEC"
std::string_view ProtFlags(std::uint64_t flags, Arena& arena);   // "PROT_READ|PROT_EXEC"
std::string_view MmapFlags(std::uint64_t flags, Arena& arena);   // "MAP_PRIVATE|MAP_FIXED"
std::string_view UserfaultfdFlags(std::uint64_t flags, Arena& arena);
std::string_view IoUringFlags(std::uint64_t flags, Arena& arena);
std::string_view ModuleFlags(std::uint64_t flags, Arena& arena);
std::string_view OpenTreeFlags(std::uint64_t flags, Arena& arena);
std::string_view MountAttributes(std::uint64_t flags, Arena& arena);

// SUCCESS for 0 and above, else the name of the error: "EINPROGRESS".
std::string_view ResultName(std::int64_t result, Arena& arena);

}  // namespace nezuban::fields
