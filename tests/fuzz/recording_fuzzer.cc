// SPDX-License-Identifier: Apache-2.0
// Any bytes as a recording: as a file, and as the payload of its blocks, so that the checksum does
// not keep them from what lies behind it. What is read is applied to the tables.
#include <cstddef>
#include <cstdint>
#include <string>

#include "event/decode.h"
#include "recording/format.h"
#include "recording/reader.h"
#include "state/enricher.h"

using nezuban::recording::BlockReader;
using nezuban::recording::FileHeader;
using nezuban::recording::MakeBlock;
using nezuban::recording::Reader;

namespace {

void ReadAll(nezuban::Result<Reader> reader) {
  if (!reader) return;
  nezuban::state::ProcessTable processes({}, reader->identity().clock_tick_ns);
  nezuban::state::ContainerTable containers;
  nezuban::state::Enricher enricher(processes, containers);
  while (true) {
    const auto item = reader->Next();
    if (!item || !*item) return;
    if (const auto* record = std::get_if<nezuban::state::RecordItem>(&**item)) {
      if (const auto event = nezuban::event::Decode(record->bytes)) enricher.Apply(*event);
    } else {
      enricher.Learn(**item);
    }
    containers.TakeForKernel();
    containers.TakeLearned();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  ReadAll(Reader::FromBytes(bytes));
  const nezuban::recording::Identity identity{"0.1.0", "node", "boot", "6.1", 10'000'000};
  std::string file = FileHeader();
  file += MakeBlock(0, ToProto(identity).SerializeAsString());
  if (!bytes.empty()) file += MakeBlock(1, bytes);
  ReadAll(Reader::FromBytes(std::move(file)));
  if (bytes.empty()) return 0;
  ReadAll(Reader::FromBytes(FileHeader() + MakeBlock(0, bytes)));
  return 0;
}
