// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a client reads of a monitor, or of who says that it is one: told on a terminal
// and as JSON without a character that moves the cursor, and the same when it is sent on. The first
// byte says which answer it is. Alerts and gaps are stored_alert_fuzzer.cc's.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/diagnostics.h"
#include "base/text.h"
#include "cli/status_text.h"
#include "nezuban/v1/admin_service.pb.h"
#include "nezuban/v1/alert_service.pb.h"
#include "nezuban/v1/node_service.pb.h"
#include "rpc/admin_to_proto.h"
#include "rpc/to_proto.h"

using namespace nezuban;

namespace {

template <typename Message>
void CheckSame(const Message& once, const Message& twice) {
  CHECK(once.SerializeAsString() == twice.SerializeAsString());
}

void CheckText(std::string_view text) {
  CHECK(ValidUtf8(text) == text);
  CHECK(std::ranges::none_of(text,
                             [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7f; }));
}

void Status(const std::string& bytes) {
  v1::GetStatusResponse message;
  if (!message.ParseFromString(bytes)) return;
  const rpc::NodeStatus status = rpc::FromProto(message);
  CheckText(cli::StatusText(status));
  const std::string json = cli::StatusJson(status);
  CheckText(json);
  CHECK(json.find('\n') == std::string::npos);
  v1::GetStatusResponse once;
  rpc::ToProto(status, once);
  v1::GetStatusResponse twice;
  rpc::ToProto(rpc::FromProto(once), twice);
  CheckSame(once, twice);
}

void Stream(const std::string& bytes) {
  v1::SubscribeResponse message;
  if (!message.ParseFromString(bytes) || !message.has_heartbeat()) return;
  v1::Heartbeat once;
  rpc::ToProto(rpc::FromProto(message.heartbeat()), once);
  v1::Heartbeat twice;
  rpc::ToProto(rpc::FromProto(once), twice);
  CheckSame(once, twice);
}

void Rules(const std::string& bytes) {
  v1::ListRulesResponse message;
  if (!message.ParseFromString(bytes)) return;
  std::vector<rpc::LoadedRule> rules;
  for (const v1::Rule& rule : message.rules()) rules.push_back(rpc::FromProto(rule));
  int told = 0;
  for (const v1::ListRulesResponse& page : rpc::RulePages(rules)) told += page.rules_size();
  CHECK(told == message.rules_size());
}

void Containers(const std::string& bytes) {
  v1::ListContainersResponse message;
  if (!message.ParseFromString(bytes)) return;
  std::vector<state::Container> containers;
  for (const v1::KnownContainer& each : message.containers()) {
    containers.push_back(rpc::FromProto(each));
    CHECK(containers.back().full_id.starts_with(containers.back().id));
  }
  int told = 0;
  for (const auto& page : rpc::ContainerPages(containers)) told += page.containers_size();
  CHECK(told == message.containers_size());
}

void CheckProblems(const std::vector<Diagnostic>& problems, int sent) {
  CHECK(problems.size() == static_cast<std::size_t>(sent));
  for (const Diagnostic& problem : problems) CheckText(Printable(ToString(problem)));
}

void Checked(const std::string& bytes) {
  v1::CheckRulesResponse message;
  if (!message.ParseFromString(bytes)) return;
  CheckProblems(rpc::FromProto(message).diagnostics, message.diagnostics_size());
}

void Reloaded(const std::string& bytes) {
  v1::ReloadRulesResponse message;
  if (!message.ParseFromString(bytes)) return;
  CheckProblems(rpc::FromProto(message).diagnostics, message.diagnostics_size());
}

void Events(const std::string& bytes) {
  v1::WatchEventsResponse message;
  if (!message.ParseFromString(bytes)) return;
  const auto events = rpc::EventsFromProto(message);
  CHECK(events.size() == static_cast<std::size_t>(message.events_size()));
  v1::WatchEventsResponse once;
  rpc::ToProto(events, rpc::CountsFromProto(message), once);
  v1::WatchEventsResponse twice;
  rpc::ToProto(rpc::EventsFromProto(once), rpc::CountsFromProto(once), twice);
  CheckSame(once, twice);
}

constexpr std::array kAnswers = {Status, Stream, Rules, Containers, Checked, Reloaded, Events};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLargest = 1 << 20;
  if (size == 0 || size > kLargest) return 0;
  kAnswers[data[0] % kAnswers.size()](
      std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  return 0;
}
