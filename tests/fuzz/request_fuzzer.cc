// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a client sends: a SubscribeRequest, whose condition is then asked of an alert,
// the pieces of rule files that CheckRules puts together, a WatchEventsRequest, or what a consumer
// says it is done with. The first byte says which.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "nezuban/v1/admin_service.pb.h"
#include "nezuban/v1/alert_service.pb.h"
#include "rpc/admin_to_proto.h"
#include "rpc/event_watch.h"
#include "rpc/rule_pieces.h"
#include "rpc/subscription.h"
#include "ruleset/ruleset.h"
#include "store/store.h"

using namespace nezuban;

namespace {

alert::Alert SomeAlert() {
  alert::Alert alert;
  alert.rule = "a rule";
  alert.message = std::string(1000, 'x');
  alert.tags = {"a", "b"};
  alert.fields = {{"proc.name", std::string("sh")},
                  {"proc.pid", std::int64_t{7}},
                  {"fd.sip", std::string("10.0.0.1")},
                  {"fd.types", std::vector<std::string>{"ipv4"}},
                  {"user.uid", std::string("of another type")},
                  {"proc.cwd", std::monostate()}};
  alert.uncertain = {"proc.cmdline"};
  return alert;
}

void Subscribe(const std::string& bytes) {
  static const alert::Alert alert = SomeAlert();
  static fields::Arena arena;
  v1::SubscribeRequest request;
  if (!request.ParseFromString(bytes)) return;
  const auto subscription = rpc::ParseSubscription(request, {});
  if (!subscription) {
    CHECK(subscription.error().exit_code == 1 && !subscription.error().message.empty());
    CHECK(subscription.error().message.size() < 4096);
    return;
  }
  subscription->Wants(
      alert.priority, alert.rule, [&]() -> const alert::Alert& { return alert; }, arena);
}

void CheckRules(const std::string& bytes) {
  v1::CheckRulesRequest piece;
  if (!piece.ParseFromString(bytes)) return;
  rpc::RulePieces pieces;
  if (!pieces.Add(piece)) return;
  if (!pieces.Add(piece)) return;
  Diagnostics diagnostics;
  std::vector<ruleset::Ruleset::File> texts;
  for (const rpc::RuleFile& file : pieces.TakeFiles()) texts.push_back({file.path, file.text});
  CHECK(texts.size() == 1);
  const auto rules = ruleset::Ruleset::FromFiles(texts, diagnostics);
  v1::CheckRulesResponse response;
  rpc::ToProto(rpc::CheckedRules{rules != nullptr, 0, diagnostics.all(), 0}, response);
  CHECK(response.ByteSizeLong() < (std::size_t{4} << 20));
  CHECK(response.valid() || response.diagnostics_size() > 0);
}

void WatchEvents(const std::string& bytes) {
  v1::WatchEventsRequest request;
  if (!request.ParseFromString(bytes)) return;
  const auto watch = rpc::EventWatch::Make(request);
  if (watch) return;
  CHECK(watch.error().exit_code == 1 && !watch.error().message.empty());
  CHECK(watch.error().message.size() < 4096);
}

// A store that knows one consumer. No alert was stored: what it has given out does not grow.
struct Known {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Reader> reader;
};

Known OneConsumer() {
  Known known;
  auto store = store::Store::Open({});
  CHECK(store);
  known.store = *std::move(store);
  auto reader = known.store->OpenReader("siem", {});
  CHECK(reader);
  known.reader = *std::move(reader);
  return known;
}

void Acknowledge(const std::string& bytes) {
  static const Known known = OneConsumer();
  v1::AcknowledgeRequest request;
  if (!request.ParseFromString(bytes)) return;
  if (!rpc::CheckName(request.name())) return;
  CHECK(!request.name().starts_with(store::kSinkPrefix));
  const Status done = known.store->Acknowledge(request.name(), request.cursor());
  const store::Cursor newest = known.store->counters().newest;
  CHECK(done.has_value() == (request.name() == "siem" && request.cursor() <= newest));
  CHECK(done || (done.error().exit_code == 1 && !done.error().message.empty()));
}

constexpr std::array kRequests = {Subscribe, CheckRules, WatchEvents, Acknowledge};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLargest = 64 << 10;  // more is refused before it is parsed
  if (size == 0 || size > kLargest) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  kRequests[data[0] % kRequests.size()](bytes);
  return 0;
}
