// SPDX-License-Identifier: Apache-2.0
// What of its memory the process gives back.
#pragma once

namespace nezuban {

// Gives back what a long piece of work (a start, a load of rules) needed and what comes after does
// not: free heap, and the resident pages of programs and libraries that are as in their files. The
// kernel keeps those in its page cache as long as it has room; what is used again is mapped again,
// 64 KiB at a fault. Any thread; a few milliseconds.
void ReleaseUnusedMemory();

}  // namespace nezuban
