// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace nezuban::ruleset {

// A hint at the key of the map that `name` may have meant, or "".
template <typename Map>
std::string NearestName(std::string_view name, const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [key, value] : map) names.push_back(key);
  return NearestHint(name, names);
}

}  // namespace nezuban::ruleset
