// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace nezuban {
namespace {

// Of a program or library that the dynamic linker has mapped. A segment that cannot be written is
// as it is in the file: nothing was relocated in it, so nothing is lost.
int ReleaseReadOnlySegments(struct dl_phdr_info* object, std::size_t /*size*/, void* /*unused*/) {
  const std::uintptr_t page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // Refused for what is no file (the vDSO): that stays.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are numbers in the linker's table
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void ReleaseUnusedMemory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(ReleaseReadOnlySegments, nullptr);
}

}  // namespace nezuban
