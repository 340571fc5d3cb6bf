// SPDX-License-Identifier: Apache-2.0
#include "rpc/rule_pieces.h"

#include "nezuban/v1/admin_service.pb.h"

namespace nezuban::rpc {

bool RulePieces::Add(const v1::CheckRulesRequest& piece) {
  if (piece.path().empty() || piece.path().size() > kMaxPathBytes) return false;
  if (piece.content().size() > kMaxBytes - bytes_) return false;
  if (files_.empty() || files_.back().path != piece.path()) {
    if (files_.size() == kMaxFiles) return false;
    files_.push_back({piece.path(), {}});
  }
  bytes_ += piece.content().size();
  files_.back().text += piece.content();
  return true;
}

}  // namespace nezuban::rpc
