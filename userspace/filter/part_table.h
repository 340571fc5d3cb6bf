// SPDX-License-Identifier: Apache-2.0
// PartTable: which of many texts may a text contain?
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nezuban::filter {

// Each key stands under four bytes of it (all, if it has fewer), those that the fewest keys have in
// common. A text is read once, whatever the number of keys; what is found has to be verified.
class PartTable {
 public:
  // The number of the key, counted from 0. REQUIRES: before Build; not empty.
  std::uint32_t Add(std::string_view key);
  void Build();

  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

  // Calls found(number) for each key `text` may contain, and perhaps more than once.
  template <typename Found>
  void ForEachIn(std::string_view text, Found found) const {
    for (std::size_t width = 1; width <= kWidest; ++width) {
      if (!widths_[width]) continue;
      for (std::size_t i = 0; i + width <= text.size(); ++i) {
        const std::uint64_t gram = Gram(text.substr(i, width));
        if (!seen_[Slot(gram)]) continue;
        const auto at = by_gram_.find(gram);
        if (at == by_gram_.end()) continue;
        for (const std::uint32_t number : at->second) found(number);
      }
    }
  }

 private:
  static constexpr std::size_t kWidest = 4;
  static constexpr std::size_t kSlots = 1 << 15;

  // The bytes and how many there are. REQUIRES: at most kWidest.
  static std::uint64_t Gram(std::string_view bytes) {
    std::uint32_t packed = 0;
    std::memcpy(&packed, bytes.data(), bytes.size());
    return std::uint64_t{bytes.size()} << 32 | packed;
  }
  static std::size_t Slot(std::uint64_t gram) {
    return static_cast<std::size_t>((gram * 0x9e3779b97f4a7c15U) >> 49) % kSlots;
  }

  std::vector<std::string> keys_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_gram_;
  std::bitset<kSlots> seen_;  // most places of most texts are ruled out here
  std::array<bool, kWidest + 1> widths_{};
};

}  // namespace nezuban::filter
