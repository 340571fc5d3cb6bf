// SPDX-License-Identifier: Apache-2.0
#include "rpc/refusal.h"

#include <string_view>
#include <utility>

#include "base/text.h"
#include "nezuban/v1/error_details.pb.h"

namespace nezuban::rpc {
namespace {

constexpr std::chrono::seconds kRetry{2};
// All of it travels in headers, for which gRPC clients have 8 KiB, the message besides.
constexpr std::size_t kMaxDetailBytes = 1000;
constexpr int kMaxViolations = 16;

// The Any names the message as google.rpc has it.
template <typename Detail>
void Add(const Detail& detail, v1::ErrorStatus& status) {
  auto* any = status.add_details();
  any->set_type_url("type.googleapis.com/google.rpc." + Detail::descriptor()->name());
  any->set_value(detail.SerializeAsString());
}

void AddRetry(std::chrono::seconds after, v1::ErrorStatus& status) {
  v1::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(after.count());
  Add(retry, status);
}

grpc::Status Make(grpc::StatusCode code, const std::string& message, v1::ErrorStatus status) {
  status.set_code(code);
  status.set_message(ValidUtf8(message));  // clients compare the two
  return {code, message, status.SerializeAsString()};
}

// "rules[3]: expected …", "condition:1:14: error: …": the member ends at the first colon.
v1::BadRequest Violations(std::string_view message) {
  v1::BadRequest request;
  std::size_t bytes = 0;
  for (const std::string_view line : Split(message, '\n')) {
    bytes += line.size();
    if (request.field_violations_size() == kMaxViolations || bytes > kMaxDetailBytes) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto& violation = *request.add_field_violations();
    violation.set_field(ValidUtf8(line.substr(0, colon)));
    violation.set_description(ValidUtf8(Trim(line.substr(colon + 1))));
  }
  return request;
}

}  // namespace

grpc::Status BadRequest(const Error& error) {
  v1::ErrorStatus status;
  const v1::BadRequest violations = Violations(error.message);
  if (violations.field_violations_size() > 0) Add(violations, status);
  return Make(grpc::StatusCode::INVALID_ARGUMENT, error.message, std::move(status));
}

grpc::Status OverQuota(const std::string& subject, const std::string& message,
                       std::chrono::seconds retry) {
  v1::ErrorStatus status;
  v1::QuotaFailure failure;
  auto& violation = *failure.add_violations();
  violation.set_subject(subject);
  violation.set_description(ValidUtf8(message));
  Add(failure, status);
  if (retry.count() > 0) AddRetry(retry, status);
  return Make(grpc::StatusCode::RESOURCE_EXHAUSTED, message, std::move(status));
}

grpc::Status TryLater(const std::string& message) {
  v1::ErrorStatus status;
  AddRetry(kRetry, status);
  return Make(grpc::StatusCode::UNAVAILABLE, message, std::move(status));
}

grpc::Status Denied(const std::string& reason, const std::string& message) {
  v1::ErrorStatus status;
  v1::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("nezuban");
  Add(info, status);
  return Make(grpc::StatusCode::PERMISSION_DENIED, message, std::move(status));
}

}  // namespace nezuban::rpc
