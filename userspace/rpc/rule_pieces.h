// SPDX-License-Identifier: Apache-2.0
// RulePieces: the files of a CheckRules call, put together within bounds.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/admin.h"

namespace nezuban::v1 {
class CheckRulesRequest;
}

namespace nezuban::rpc {

class RulePieces {
 public:
  static constexpr std::size_t kMaxFiles = 256;
  static constexpr std::size_t kMaxBytes = std::size_t{8} << 20;  // of all files
  static constexpr std::size_t kMaxPathBytes = 4096;
  static constexpr std::string_view kExpected =
      "expected files of 8 MiB in all, at most 256, each with a path of 1 to 4096 bytes";

  // False: it would be more than that; nothing is added.
  bool Add(const v1::CheckRulesRequest& piece);

  std::vector<RuleFile> TakeFiles() { return std::exchange(files_, {}); }

 private:
  std::vector<RuleFile> files_;
  std::size_t bytes_ = 0;
};

}  // namespace nezuban::rpc
