// SPDX-License-Identifier: Apache-2.0
#include "sinks/otlp_answer.h"

#include <algorithm>

namespace nezuban::sinks {

SendResult JudgeExport(const grpc::Status& status, const ExportResponse& response,
                       const std::string& peer, std::size_t count) {
  const std::string prefix = peer + ": ";
  if (status.ok()) {
    const auto& partial = response.partial_success();
    SendResult result = SendResult::Taken(count);
    if (partial.rejected_log_records() <= 0) return result;
    result.rejected = std::min(static_cast<std::size_t>(partial.rejected_log_records()), count);
    result.problem = prefix + "rejected: " + partial.error_message();
    return result;
  }
  const std::string problem = prefix + status.error_message();
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
      status.error_code() == grpc::StatusCode::OUT_OF_RANGE) {
    return SendResult::Refused(problem);
  }
  return SendResult::Retry(problem);
}

}  // namespace nezuban::sinks
