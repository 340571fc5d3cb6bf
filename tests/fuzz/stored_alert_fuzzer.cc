// SPDX-License-Identifier: Apache-2.0
// Any bytes as an alert of the store's file, whose checksums are no secret, or of a server that a
// client reads: refused, or told to each kind of peer as one line of valid UTF-8.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/json.h"
#include "alert/proto.h"
#include "base/check.h"
#include "base/text.h"
#include "cli/alert_lines.h"
#include "nezuban/v1/alert_service.pb.h"
#include "opentelemetry/logs_service.pb.h"
#include "rpc/to_proto.h"
#include "sinks/body.h"
#include "sinks/ocsf.h"
#include "sinks/syslog_message.h"

using namespace nezuban;

namespace {

void CheckLine(const std::string& line) {
  CHECK(!line.empty() && ValidUtf8(line) == line);
  CHECK(std::ranges::none_of(line, [](unsigned char c) { return c < ' ' || c == 0x7f; }));
}

void Tell(const sinks::Outgoing& outgoing) {
  const sinks::NodeNames names{"host", "node", "cluster", "0.1.0"};
  for (const sinks::BodyFormat format : {sinks::BodyFormat::kNezuban, sinks::BodyFormat::kOcsf}) {
    CHECK(!sinks::Body(outgoing, format, names).empty());
  }
  for (const bool json : {false, true}) {
    sinks::SyslogOptions options;
    options.json = json;
    options.max_bytes = 480;
    const std::string message = sinks::SyslogMessage(outgoing, options, names);
    CheckLine(message);
    CHECK(message.size() <= options.max_bytes);
  }
  sinks::OtlpValue value;
  sinks::ToOcsf(outgoing, names, value);
  std::string bytes;
  CHECK(value.SerializeToString(&bytes));
}

void Store(std::string_view bytes) {
  const auto alert = alert::ParseAlert(bytes);
  if (!alert) return;
  CheckLine(alert::ToJson(*alert));
  CheckLine(cli::AlertLine(*alert, false));
  Tell({alert->cursor, *alert});
}

void Stream(const std::string& bytes) {
  v1::SubscribeResponse message;
  if (!message.ParseFromString(bytes) || !message.has_gap()) return;
  const store::StoredGap gap = rpc::FromProto(message.gap());
  CheckLine(cli::GapLine(gap, false));
  CheckLine(cli::GapJson(gap));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLargest = 1 << 20;
  if (size > kLargest) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Store(bytes);
  Stream(bytes);
  return 0;
}
