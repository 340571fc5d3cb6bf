// SPDX-License-Identifier: Apache-2.0
// The paths of an event about files: as the kernel resolved them, or made absolute from what was
// passed where it resolved nothing.
#pragma once

#include <string_view>

#include "event/event.h"
#include "fields/arena.h"
#include "fields/value.h"

namespace nezuban::fields {

// `name` from `dir` on, without '.', '..', empty components and a slash at the end; symbolic links
// stay. An absolute name needs no dir.
std::string_view JoinPath(std::string_view dir, std::string_view name, Arena& arena);

// `path` if the kernel resolved it, else `name` from `dir` on; Absent where there is neither.
// Unknown where they could not be read, or not all of it: of a path too long the kernel side keeps
// the end, which says nothing about where it lies.
Value FullPath(const event::Text& path, const event::Text& name, const event::Text& dir,
               Arena& arena);

// Up to the last slash, and after it: "/etc" and "passwd". Of "/x" the directory is "/".
Value DirectoryOf(const Value& path);
Value BaseName(const Value& path);

}  // namespace nezuban::fields
