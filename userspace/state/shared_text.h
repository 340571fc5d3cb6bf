// SPDX-License-Identifier: Apache-2.0
// SharedText: immutable bytes that many processes have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace nezuban::state {

// Immutable bytes, counted in place: a copy costs no allocation, so that a fork bomb of processes
// with 8 KiB of arguments keeps them once. Not thread-safe: all copies live on the ingest thread
// (the count is a plain integer). Views of it are valid as long as any copy is.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string_view text) : block_(Make(text)) {}                    // NOLINT
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}  // NOLINT
  SharedText(const char* text) : SharedText(std::string_view(text)) {}         // NOLINT
  SharedText(const SharedText& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) ++block_->uses;
  }
  SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr && --block_->uses == 0) ::operator delete(block_);
  }

  std::string_view view() const {
    if (block_ == nullptr) return {};
    return {reinterpret_cast<const char*>(block_ + 1), block_->size};
  }
  operator std::string_view() const { return view(); }  // NOLINT
  std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  bool empty() const { return size() == 0; }
  bool operator==(std::string_view text) const { return view() == text; }

 private:
  struct Block {  // the bytes follow it
    std::uint32_t uses;
    std::uint32_t size;
  };

  static Block* Make(std::string_view text) {
    if (text.empty()) return nullptr;
    auto* block = static_cast<Block*>(::operator new(sizeof(Block) + text.size()));
    block->uses = 1;
    block->size = static_cast<std::uint32_t>(text.size());
    std::memcpy(block + 1, text.data(), text.size());
    return block;
  }

  Block* block_ = nullptr;
};

}  // namespace nezuban::state
