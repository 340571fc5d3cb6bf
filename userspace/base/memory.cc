// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace nezuban {
namespace {

// A mapping as /proc/self/smaps heads it.
struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool only_of_a_file = false;  // private, not writable, with a name
};

// nullopt: the line is no head.
std::optional<Mapping> ParseHead(const std::string& line) {
  unsigned long begin = 0;
  unsigned long end = 0;
  char rights[5] = {};
  int name_at = 0;
  if (std::sscanf(line.c_str(), "%lx-%lx %4s %*x %*x:%*x %*u %n", &begin, &end, rights, &name_at) !=
      3)
    return std::nullopt;
  const bool has_file = name_at > 0 && line[static_cast<std::size_t>(name_at)] == '/';
  return Mapping{begin, end, has_file && rights[1] == '-' && rights[3] == 'p'};
}

// What has been written to since it was mapped (relocations, probes of others) counts as anonymous:
// a mapping without any is as it is in the file, so nothing is lost.
void ReleaseUnchangedPages() {
  constexpr std::string_view kAnonymous = "Anonymous:";
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    if (!line.starts_with(kAnonymous)) {
      mapping = ParseHead(line).value_or(mapping);
      continue;
    }
    unsigned long changed_kb = 1;
    const bool read = std::sscanf(line.c_str() + kAnonymous.size(), "%lu", &changed_kb) == 1;
    if (!read || changed_kb > 0 || !mapping.only_of_a_file) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are numbers there
    ::madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
  }
}

}  // namespace

void ReleaseUnusedMemory() {
  ReleaseUnchangedPages();  // first, as it takes memory
  ::malloc_trim(0);
}

}  // namespace nezuban
