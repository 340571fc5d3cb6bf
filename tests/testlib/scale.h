// SPDX-License-Identifier: Apache-2.0
// How long the long tests are: NEZUBAN_SCALE multiplies their counts.
#pragma once

#include <cstdlib>

namespace nezuban::testlib {

// `count` times NEZUBAN_SCALE, which is 1 where it is not set.
inline int Scaled(int count) {
  const char* scale = std::getenv("NEZUBAN_SCALE");
  const int factor = scale == nullptr ? 1 : std::atoi(scale);
  return count * (factor < 1 ? 1 : factor);
}

}  // namespace nezuban::testlib
