// SPDX-License-Identifier: Apache-2.0
#include "filter/prefix_table.h"

namespace nezuban::filter {

std::uint32_t PrefixTable::Add(std::string_view key) {
  return added_.try_emplace(std::string(key), static_cast<std::uint32_t>(added_.size()))
      .first->second;
}

void PrefixTable::Build() {
  keys_.reserve(added_.size());
  int above = -1;
  for (const auto& [text, number] : added_) {
    while (above >= 0 && !text.starts_with(keys_[At(above)].text)) above = keys_[At(above)].parent;
    keys_.push_back({text, number, above});
    above = static_cast<int>(keys_.size()) - 1;
  }
  added_.clear();
}

}  // namespace nezuban::filter
