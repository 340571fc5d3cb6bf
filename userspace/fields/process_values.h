// SPDX-License-Identifier: Apache-2.0
// What one process gives: its names, arguments, ids. proc.x, proc.px and proc.ax[N] all come here.
#pragma once

#include "fields/field.h"

namespace nezuban::fields {

// False if the process was only ever met in the header of some event: then what an execve would
// have told is not known.
bool ExecKnown(const state::Process& process);

// All of them: Unknown if the process's execve was not seen, or the text could not be read.
Value ProcessName(const FieldContext& c, const state::Process& p);     // comm
Value ProcessExe(const FieldContext& c, const state::Process& p);      // argv[0]
Value ProcessExePath(const FieldContext& c, const state::Process& p);  // resolved by the kernel
Value ProcessArgs(const FieldContext& c, const state::Process& p);     // argv[1…], with blanks
Value ProcessCmdline(const FieldContext& c, const state::Process& p);  // comm and arguments
Value ProcessExeline(const FieldContext& c, const state::Process& p);  // argv[0] and arguments
Value ProcessCwd(const FieldContext& c, const state::Process& p);      // with a slash at its end
Value ProcessPid(const FieldContext& c, const state::Process& p);

// How many arguments there are after argv[0], and their bytes without what separates them; Unknown
// if some were cut off.
Value ProcessArgCount(const FieldContext& c, const state::Process& p);
Value ProcessArgBytes(const FieldContext& c, const state::Process& p);

// Argument `index` of the process, 0 being the one after argv[0]; empty if there are fewer.
Value ProcessArg(const FieldContext& c, const state::Process& p, std::int64_t index);

// One step up. known is false if there is a parent that was never seen.
struct ParentStep {
  const state::Process* process;  // nullptr: none, or not known
  bool known;
};
ParentStep ParentOf(const FieldContext& c, const state::Process& p);

// `steps` up from the event's process; 0 is the process itself.
ParentStep Ancestor(const FieldContext& c, std::int64_t steps);

// No process has more ancestors; what lies above is not known.
inline constexpr int kMaxAncestors = 64;

// `of` one ancestor if an index is given, else of all, nearest first and without the process
// itself. A chain that breaks off ends in Unknown.
Value EachAncestor(const FieldContext& c, const Argument& argument,
                   Value (*of)(const FieldContext&, const state::Process&));

}  // namespace nezuban::fields
