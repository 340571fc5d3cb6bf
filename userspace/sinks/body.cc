// SPDX-License-Identifier: Apache-2.0
#include "sinks/body.h"

#include "alert/json.h"
#include "sinks/ocsf.h"

namespace nezuban::sinks {
namespace {

// As `nezuban watch --json` prints it, with the node it is from.
std::string GapJson(const Gap& gap, const NodeNames& names) {
  alert::Json json;
  json.Open('{');
  if (!names.cluster.empty()) json.Key("cluster").String(names.cluster);
  json.Key("gap").Open('{');
  json.Key("count").Number(static_cast<std::int64_t>(gap.count));
  json.Key("first_time").String(alert::FormatTime(gap.first_ns));
  json.Key("last_time").String(alert::FormatTime(gap.last_ns));
  json.Key("reason").String(gap.reason).Close('}');
  json.Key("hostname").String(names.hostname);
  if (!names.node.empty()) json.Key("node").String(names.node);
  return json.Close('}').Take();
}

}  // namespace

std::string Body(const Outgoing& outgoing, BodyFormat format, const NodeNames& names) {
  if (format == BodyFormat::kOcsf) return OcsfJson(outgoing, names);
  if (const Gap* gap = std::get_if<Gap>(&outgoing.what)) return GapJson(*gap, names);
  return alert::ToJson(std::get<alert::Alert>(outgoing.what));
}

std::string GapText(const Gap& gap) {
  const std::string what = gap.count == 0   ? "alerts may have been"
                           : gap.count == 1 ? "1 alert"
                                            : std::to_string(gap.count) + " alerts";
  return what + " lost between " + alert::FormatTime(gap.first_ns) + " and " +
         alert::FormatTime(gap.last_ns) + ": " + gap.reason;
}

}  // namespace nezuban::sinks
