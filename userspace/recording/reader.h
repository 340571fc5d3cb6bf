// SPDX-License-Identifier: Apache-2.0
// Reader: gives the items of a recording, in the order in which they were taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "nezuban/v1/recording.pb.h"
#include "recording/codec.h"
#include "recording/format.h"
#include "recording/identity.h"
#include "state/item.h"

namespace nezuban::recording {

class Reader {
 public:
  // Errors (exit code 1): not a recording, or one that cannot be read here at all.
  static Result<Reader> Open(const std::string& path);
  static Result<Reader> FromBytes(std::string bytes);

  const Identity& identity() const { return decoder_.identity(); }
  const std::vector<std::string>& unreadable() const { return decoder_.unreadable(); }

  // The next item, valid until the next call; nullopt: the recording is over. Error (exit code 1):
  // it is damaged or was cut short here; what came before is whole.
  Result<std::optional<state::Item>> Next();

  std::uint64_t gaps() const { return gaps_; }          // items the writer had to leave out, so far
  std::uint64_t left_out() const { return left_out_; }  // records of unreadable kinds, so far

 private:
  Reader(BlockReader blocks, Decoder decoder)
      : blocks_(std::move(blocks)), decoder_(std::move(decoder)) {}
  static Result<Reader> Begin(Result<BlockReader> blocks);
  Status NextBlock();

  BlockReader blocks_;
  Decoder decoder_;
  v1::RecordingBlock block_;
  int next_ = 0;  // item of block_
  bool ended_ = false;
  std::uint64_t gaps_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace nezuban::recording
