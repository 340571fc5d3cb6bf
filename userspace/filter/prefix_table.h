// SPDX-License-Identifier: Apache-2.0
// PrefixTable: which of many texts does a text begin with?
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nezuban::filter {

// A prefix tree laid out flat: the keys sorted, each knowing the longest other key it begins with.
// The last key not after a text, or one above it, is the longest the text begins with: everything
// between that one and the text begins with it too.
class PrefixTable {
 public:
  // The number of `key`, a new one if it is not there yet. REQUIRES: before Build; not empty.
  std::uint32_t Add(std::string_view key);
  void Build();

  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

  // Calls found(number, size of the key) for each key that `text` begins with, the longest first.
  template <typename Found>
  void ForEachPrefixOf(std::string_view text, Found found) const {
    int at = static_cast<int>(std::upper_bound(keys_.begin(), keys_.end(), text, Before) -
                              keys_.begin()) -
             1;
    while (at >= 0 && !text.starts_with(keys_[At(at)].text)) at = keys_[At(at)].parent;
    for (; at >= 0; at = keys_[At(at)].parent) {
      found(keys_[At(at)].number, keys_[At(at)].text.size());
    }
  }

  // Calls found(number) for each key that begins with `text` and is longer.
  template <typename Found>
  void ForEachLongerThan(std::string_view text, Found found) const {
    for (auto at = std::upper_bound(keys_.begin(), keys_.end(), text, Before);
         at != keys_.end() && std::string_view(at->text).starts_with(text); ++at) {
      found(at->number);
    }
  }

 private:
  struct Key {
    std::string text;
    std::uint32_t number;
    int parent;  // -1: none
  };
  static std::size_t At(int index) { return static_cast<std::size_t>(index); }
  static bool Before(std::string_view text, const Key& key) { return text < key.text; }

  std::map<std::string, std::uint32_t, std::less<>> added_;  // empty after Build
  std::vector<Key> keys_;
};

}  // namespace nezuban::filter
