// SPDX-License-Identifier: Apache-2.0
// The file of a recording: a magic number and a version, then blocks. Numbers are little-endian.
//
//   file  = magic (8 bytes) version (u32) block*
//   block = stored (u32) size (u32) number (u32) crc (u32) then `stored` bytes
//
// The bytes are one zstd frame that holds `size` bytes: a RecordingHeader in block 0, a
// RecordingBlock in every other (proto/nezuban/v1/recording.proto). `number` counts blocks from 0;
// `crc` is CRC-32 (zlib's) of the twelve bytes before it and of those stored. A recording that was
// not cut short ends with a RecordingEnd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nezuban::recording {

inline constexpr std::string_view kMagic = "\x89NZB\r\n\x1a\n";
inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::size_t kFileHeaderSize = 12;
inline constexpr std::size_t kBlockHeaderSize = 16;
// More than any writer makes: what a reader takes memory for, whatever a file says.
inline constexpr std::size_t kBlockMax = std::size_t{4} << 20;

std::string FileHeader();

// A whole block. REQUIRES: payload.size() <= kBlockMax.
std::string MakeBlock(std::uint32_t number, std::string_view payload);

// Takes the blocks of a file one by one. Reads whatever bytes there are; never past the first
// damage.
class BlockReader {
 public:
  // Errors (exit code 1): no recording, or of another version.
  static Result<BlockReader> Open(const std::string& path);
  // The same of bytes in memory.
  static Result<BlockReader> FromBytes(std::string bytes);

  // The payload of the next block, valid until the next call. Empty at the end of the file. Error:
  // what is damaged, and where.
  Result<std::string_view> Next();

 private:
  BlockReader() = default;
  static Result<BlockReader> Begin(BlockReader reader);
  Result<std::size_t> Read(char* to, std::size_t size);
  Status Damaged(const std::string& how) const;

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string bytes_;         // instead of a file
  std::uint64_t offset_ = 0;  // in the file, of what is read next
  std::uint64_t block_at_ = 0;
  std::uint32_t number_ = 0;
  std::string stored_;
  std::string payload_;
};

}  // namespace nezuban::recording
