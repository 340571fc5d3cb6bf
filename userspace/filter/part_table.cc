// SPDX-License-Identifier: Apache-2.0
#include "filter/part_table.h"

#include <algorithm>

namespace nezuban::filter {

std::uint32_t PartTable::Add(std::string_view key) {
  keys_.emplace_back(key);
  return static_cast<std::uint32_t>(keys_.size()) - 1;
}

void PartTable::Build() {
  std::unordered_map<std::uint64_t, std::size_t> having;
  const auto for_each_gram = [](std::string_view key, auto use) {
    const std::size_t width = std::min(key.size(), kWidest);
    for (std::size_t i = 0; i + width <= key.size(); ++i) use(Gram(key.substr(i, width)));
  };
  for (const std::string& key : keys_) {
    for_each_gram(key, [&](std::uint64_t gram) { ++having[gram]; });
  }
  for (std::uint32_t number = 0; number < keys_.size(); ++number) {
    std::uint64_t rarest = 0;
    std::size_t fewest = SIZE_MAX;
    for_each_gram(keys_[number], [&](std::uint64_t gram) {
      if (having[gram] >= fewest) return;
      fewest = having[gram];
      rarest = gram;
    });
    by_gram_[rarest].push_back(number);
    seen_.set(Slot(rarest));
    widths_[rarest >> 32] = true;
  }
}

}  // namespace nezuban::filter
