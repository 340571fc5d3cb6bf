// SPDX-License-Identifier: Apache-2.0
// Any status and any bytes as what a receiver of OpenTelemetry answers to a batch of alerts: it can
// neither have taken more than it was given nor be told of without its name. The first byte is the
// status, the rest its message too.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "sinks/otlp_answer.h"

using nezuban::sinks::SendResult;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::size_t kCount = 5;
  constexpr const char* kPeer = "collector:4317";
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  nezuban::sinks::ExportResponse response;
  const auto code = static_cast<grpc::StatusCode>(data[0] % 32);
  if (code == grpc::StatusCode::OK && !response.ParseFromString(bytes)) return 0;
  const SendResult result =
      nezuban::sinks::JudgeExport(grpc::Status(code, bytes), response, kPeer, kCount);
  const bool taken = result.outcome == SendResult::Outcome::kTaken;
  CHECK(taken == (code == grpc::StatusCode::OK));
  CHECK(result.taken == (taken ? kCount : 0) && result.rejected <= result.taken);
  CHECK((taken && result.rejected == 0) == result.problem.empty());
  CHECK(result.problem.empty() || result.problem.starts_with(kPeer));
  CHECK(!result.retry_after);
  return 0;
}
