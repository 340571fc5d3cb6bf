// SPDX-License-Identifier: Apache-2.0
#include "recording/reader.h"

#include <utility>

namespace nezuban::recording {

Result<Reader> Reader::Open(const std::string& path) {
  auto reader = Begin(BlockReader::Open(path));
  if (!reader && !reader.error().message.starts_with(path) &&
      !reader.error().message.starts_with("open ")) {
    return Fail(path, reader.error());
  }
  return reader;
}

Result<Reader> Reader::FromBytes(std::string bytes) {
  return Begin(BlockReader::FromBytes(std::move(bytes)));
}

Result<Reader> Reader::Begin(Result<BlockReader> blocks) {
  if (!blocks) return tl::unexpected<Error>(blocks.error());
  ASSIGN_OR_RETURN(const std::string_view payload, blocks->Next());
  v1::RecordingHeader header;
  if (payload.empty() || !header.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Fail("damaged: it has no header", 1);
  }
  ASSIGN_OR_RETURN(Decoder decoder, Decoder::Make(header));
  return Reader(*std::move(blocks), std::move(decoder));
}

Status Reader::NextBlock() {
  ASSIGN_OR_RETURN(const std::string_view payload, blocks_.Next());
  if (payload.empty()) return Fail("cut short: it has no end", 1);
  if (!block_.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Fail("damaged: a block holds something else", 1);
  }
  next_ = 0;
  return {};
}

Result<std::optional<state::Item>> Reader::Next() {
  while (!ended_) {
    if (next_ >= block_.items_size()) {
      RETURN_IF_ERROR(NextBlock());
      continue;
    }
    const v1::RecordingItem& item = block_.items(next_++);
    if (item.has_end()) {
      ended_ = true;
    } else if (item.has_gap()) {
      gaps_ += item.gap();
    } else if (auto decoded = decoder_.Decode(item)) {
      return decoded;
    } else {
      ++left_out_;
    }
  }
  return std::optional<state::Item>();
}

}  // namespace nezuban::recording
