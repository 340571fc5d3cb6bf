// SPDX-License-Identifier: Apache-2.0
// How the kernel's scheduler treats a thread.
#pragma once

namespace nezuban {

// For a thread that works in short bursts and is waited for: lets it go before what runs already
// on its CPU once it is woken, by asking for slices of 0.3 ms, where others have 0.7 or more. Its
// share of the CPU stays the same, and no right is needed. Since 6.12 (kernel/sched/syscalls.c,
// __setparam_fair); does nothing on older kernels, of which those before 6.6 let a woken thread go
// first anyway, and under other policies than the default one. The calling thread, and those it
// starts later.
void AskForShortSlices();

}  // namespace nezuban
