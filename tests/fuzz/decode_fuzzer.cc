// SPDX-License-Identifier: Apache-2.0
// Any bytes as a record: decoded, every string followed, and applied to the process and container
// tables.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"
#include "event/decode.h"
#include "state/enricher.h"

using nezuban::event::Event;

namespace {

// Follows every string, so that a sanitizer sees one that leaves the record.
std::size_t FollowStrings(const Event& event) {
  const auto& info = nezuban::event::EventTable()[event.type()];
  const auto* refs = reinterpret_cast<const str_ref*>(event.bytes().data() + sizeof(record_header));
  std::size_t sum = 0;
  for (int i = 0; i < info.strings; ++i) {
    for (const char c : event.String(refs[i]).bytes) sum += static_cast<unsigned char>(c);
  }
  return sum + event.name().size() + event.comm().size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto aligned = std::make_unique<std::byte[]>(size);  // as Decode requires
  if (size > 0) std::memcpy(aligned.get(), data, size);
  const auto event = nezuban::event::Decode({aligned.get(), size});
  if (!event) return 0;
  CHECK(FollowStrings(*event) > 0);

  nezuban::state::ProcessTable processes;
  nezuban::state::ContainerTable containers;
  nezuban::state::Enricher enricher(processes, containers);
  for (int i = 0; i < 2; ++i) {
    const auto enriched = enricher.Apply(*event);
    CHECK(enriched.process != nullptr && enriched.process->key.tgid == event->header().tgid);
  }
  return 0;
}
