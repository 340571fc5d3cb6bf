// SPDX-License-Identifier: Apache-2.0
// Flags and modes of the calls on files, as the names rules know them by. What has no name is left
// out; names are joined with '|', in the tables' order, which rules that look for a part rely on.
#pragma once

#include <cstdint>
#include <string_view>

#include "bpf/events.h"
#include "fields/arena.h"

namespace nezuban::fields {

// "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED": O_* of open(2), the access mode always among them, then
// what became of the file (FILE_* bits of `file_flags`).
std::string_view OpenFlags(std::uint64_t flags, std::uint16_t file_flags, Arena& arena);

// The same as a number, by the language's own numbering: 1 reads, 2 writes, 4 O_CREAT, 8 O_APPEND,
// …
std::int64_t OpenNumber(std::uint64_t flags, std::uint16_t file_flags);

// RESOLVE_* of openat2; "0" for none.
std::string_view ResolveFlags(std::uint64_t flags, Arena& arena);

// RENAME_* of renameat2, AT_* of unlinkat, linkat and fchmodat2; "0" for none.
std::string_view RenameFlags(std::uint64_t flags, Arena& arena);
std::string_view AtFlags(std::uint64_t flags, Arena& arena);

// "S_IXOTH|S_ISUID": the permissions of a mode; "0" for none.
std::string_view ModeBits(std::uint32_t mode, Arena& arena);

// The same of a file to be made, and its type: "S_IWUSR|S_IRUSR|S_IFBLK".
std::string_view NodeMode(std::uint32_t mode, Arena& arena);

// Whether the open asked to read, to write; by its access mode alone.
bool OpensToRead(std::uint64_t flags);
bool OpensToWrite(std::uint64_t flags);

// Whether it asked that a file be made if there is none, or a nameless one (O_TMPFILE).
bool OpensToCreate(std::uint64_t flags);

// "0644"; "0" for none.
std::string_view OctalMode(std::uint32_t mode, Arena& arena);

// "1ed" for 0755, as rules know the mode of mkdir.
std::string_view HexMode(std::uint32_t mode, Arena& arena);

}  // namespace nezuban::fields
