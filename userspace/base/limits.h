// SPDX-License-Identifier: Apache-2.0
// What the process may have.
#pragma once

namespace nezuban {

// Lets the process have as many open files as it may without asking (RLIMIT_NOFILE's hard limit):
// the sensors alone take some 700, two of a program, and 1,024 is what services usually start with.
// Any thread.
void RaiseDescriptorLimit();

}  // namespace nezuban
