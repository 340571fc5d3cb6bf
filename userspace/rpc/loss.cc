// SPDX-License-Identifier: Apache-2.0
#include "rpc/loss.h"

#include <iterator>

#include "base/check.h"

namespace nezuban::rpc {

std::string_view ToString(LossReason reason) {
  static constexpr std::string_view kWords[] = {
      "no reason given", "the subscriber was too slow", "too much memory was held for subscribers",
      "the node made alerts too fast", "the alert was too large"};
  const auto index = static_cast<std::size_t>(reason);
  CHECK(index < std::size(kWords));
  return kWords[index];
}

}  // namespace nezuban::rpc
