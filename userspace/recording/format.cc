// SPDX-License-Identifier: Apache-2.0
#include "recording/format.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace nezuban::recording {
namespace {

constexpr int kCompression =
    1;  // the fastest: the writer's thread shares the node with others' work

void Append32(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xffU);
}

std::uint32_t Read32(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 3; i >= 0; --i) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

std::uint32_t Crc(std::string_view header, std::string_view stored) {
  const auto add = [](std::uint64_t crc, std::string_view bytes) {
    return ::crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                   static_cast<uInt>(bytes.size()));
  };
  return static_cast<std::uint32_t>(add(add(::crc32(0, nullptr, 0), header), stored));
}

}  // namespace

std::string FileHeader() {
  std::string out(kMagic);
  Append32(out, kVersion);
  return out;
}

std::string MakeBlock(std::uint32_t number, std::string_view payload) {
  CHECK(payload.size() <= kBlockMax);
  std::string out(kBlockHeaderSize + ::ZSTD_compressBound(payload.size()), '\0');
  const std::size_t stored =
      ::ZSTD_compress(out.data() + kBlockHeaderSize, out.size() - kBlockHeaderSize, payload.data(),
                      payload.size(), kCompression);
  CHECK(::ZSTD_isError(stored) == 0);
  out.resize(kBlockHeaderSize + stored);
  std::string header;
  Append32(header, static_cast<std::uint32_t>(stored));
  Append32(header, static_cast<std::uint32_t>(payload.size()));
  Append32(header, number);
  Append32(header, Crc(header, std::string_view(out).substr(kBlockHeaderSize)));
  std::ranges::copy(header, out.begin());
  return out;
}

Result<BlockReader> BlockReader::Open(const std::string& path) {
  BlockReader reader;
  // Not forever, if it is a pipe nobody writes to.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Fail("open " + path + ": " + std::strerror(errno), 1);
  reader.file_.reset(::fdopen(fd, "rb"));
  CHECK(reader.file_ != nullptr);
  auto begun = Begin(std::move(reader));
  if (!begun) return Fail(path, begun.error());
  return begun;
}

Result<BlockReader> BlockReader::FromBytes(std::string bytes) {
  BlockReader reader;
  reader.bytes_ = std::move(bytes);
  return Begin(std::move(reader));
}

Result<BlockReader> BlockReader::Begin(BlockReader reader) {
  std::string header(kFileHeaderSize, '\0');
  ASSIGN_OR_RETURN(const std::size_t size, reader.Read(header.data(), header.size()));
  if (size < header.size() || !header.starts_with(kMagic)) return Fail("not a recording", 1);
  const std::uint32_t version = Read32(header.data() + kMagic.size());
  if (version == kVersion) return reader;
  return Fail("a recording of version " + std::to_string(version) + "; this reads version " +
                  std::to_string(kVersion),
              1);
}

// As much as there is of `size` bytes.
Result<std::size_t> BlockReader::Read(char* to, std::size_t size) {
  if (file_ == nullptr) {
    const std::size_t count = std::min(size, bytes_.size() - offset_);
    std::memcpy(to, bytes_.data() + offset_, count);
    offset_ += count;
    return count;
  }
  const std::size_t count = std::fread(to, 1, size, file_.get());
  if (count < size && std::ferror(file_.get()) != 0) {
    return Fail(std::string("read: ") + std::strerror(errno), 1);
  }
  offset_ += count;
  return count;
}

Status BlockReader::Damaged(const std::string& how) const {
  return Fail("damaged at byte " + std::to_string(block_at_) + ": " + how, 1);
}

Result<std::string_view> BlockReader::Next() {
  block_at_ = offset_;
  std::string header(kBlockHeaderSize, '\0');
  ASSIGN_OR_RETURN(const std::size_t got, Read(header.data(), header.size()));
  if (got == 0) return std::string_view();
  const auto damaged = [this](const std::string& how) {
    return tl::unexpected<Error>(Damaged(how).error());
  };
  if (got < header.size()) return damaged("the file ends inside a block");
  const std::uint32_t stored = Read32(header.data());
  const std::uint32_t size = Read32(header.data() + 4);
  if (stored > ::ZSTD_compressBound(kBlockMax) || size > kBlockMax) {
    return damaged("a block too large");
  }
  stored_.resize(stored);
  ASSIGN_OR_RETURN(const std::size_t have, Read(stored_.data(), stored));
  if (have < stored) return damaged("the file ends inside a block");
  if (Crc(std::string_view(header).substr(0, 12), stored_) != Read32(header.data() + 12)) {
    return damaged("the checksum of a block is wrong");
  }
  if (Read32(header.data() + 8) != number_) return damaged("a block is missing");
  payload_.resize(size);
  const std::size_t made =
      ::ZSTD_decompress(payload_.data(), payload_.size(), stored_.data(), stored_.size());
  if (::ZSTD_isError(made) != 0 || made != size) return damaged("a block does not decompress");
  if (size == 0) return damaged("an empty block");
  ++number_;
  return std::string_view(payload_);
}

}  // namespace nezuban::recording
