// SPDX-License-Identifier: Apache-2.0
#include "cli/alert_lines.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "alert/json.h"
#include "base/check.h"
#include "base/text.h"

namespace nezuban::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kBoldRed = "\x1b[1;31m";

// By alert::Priority, most severe first.
constexpr std::array<std::string_view, 8> kColours = {
    "\x1b[1;37;41m", "\x1b[1;37;41m", kBoldRed,   "\x1b[31m",
    "\x1b[33m",      "\x1b[36m",      "\x1b[32m", kDim,
};

std::string Coloured(std::string_view text, std::string_view colour, bool wanted) {
  if (!wanted) return std::string(text);
  return std::string(colour).append(text).append(kReset);
}

// Enough of an id to find the container with the runtime's own tools.
std::string ShortId(const std::string& id) {
  constexpr std::size_t kShort = 12;
  return Printable(std::string_view(id).substr(0, kShort));
}

std::string Place(const alert::Alert& alert) {
  if (!alert.container_known) return "container unknown";
  if (alert.container_id.empty()) return "host";
  std::string place =
      alert.container_runtime.empty() ? "" : Printable(alert.container_runtime) + " ";
  place += ShortId(alert.container_id);
  const alert::Workload& workload = alert.workload;
  if (!workload.pod.empty()) {
    place += " pod " + Printable(workload.pod_namespace) + '/' + Printable(workload.pod);
  }
  if (!workload.image.empty()) place += " image " + Printable(workload.image);
  return place;
}

// What it came after, the latest of it.
std::string Related(const alert::Alert& alert) {
  if (alert.related.empty()) return "";
  const alert::Related& last = alert.related.front();
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.3f s",
                static_cast<double>(alert.time_ns - last.time_ns) / 1e9);
  return " (" + std::string(seconds.data()) + " after: " + Printable(last.rule) + ")";
}

// Where the process came from, if it is no longer there.
std::string Origin(const alert::Alert& alert) {
  if (!alert.origin_known) return ", origin unknown";
  if (alert.origin.empty() || alert.origin == alert.container_id) return "";
  const alert::Workload& workload = alert.origin_workload;
  std::string from = ", from container " + ShortId(alert.origin);
  if (!workload.pod.empty()) {
    from += " pod " + Printable(workload.pod_namespace) + '/' + Printable(workload.pod);
  }
  return from;
}

}  // namespace

std::string AlertLine(const alert::Alert& alert, bool colour) {
  const auto priority = static_cast<std::size_t>(alert.priority);
  CHECK(priority < kColours.size());
  std::string line = Coloured(alert::FormatTime(alert.time_ns), kDim, colour);
  line += ' ' + Coloured(alert::ToString(alert.priority), kColours[priority], colour);
  line += ' ' + Coloured(Printable(alert.rule), kBold, colour);
  line += ": " + Printable(alert.message) + Related(alert);
  line += ' ' + Coloured('[' + Place(alert) + Origin(alert) + ']', kDim, colour);
  if (alert.lost_before > 0) {
    line += ' ' + Coloured("(events lost before: " + std::to_string(alert.lost_before) + ")",
                           kBoldRed, colour);
  }
  return line;
}

std::string GapLine(const store::StoredGap& gap, bool colour) {
  const std::string what = gap.count == 0   ? "nobody knows how many alerts were"
                           : gap.count == 1 ? "1 alert"
                                            : std::to_string(gap.count) + " alerts";
  return Coloured("-- " + what + " lost between " + alert::FormatTime(gap.first_ns) + " and " +
                      alert::FormatTime(gap.last_ns) + ": " + std::string(ToString(gap.reason)),
                  kBoldRed, colour);
}

std::string GapJson(const store::StoredGap& gap) {
  alert::Json json;
  json.Open('{').Key("gap").Open('{');
  json.Key("count").Number(static_cast<std::int64_t>(gap.count));
  json.Key("first_cursor").Number(static_cast<std::int64_t>(gap.first));
  json.Key("first_time").String(alert::FormatTime(gap.first_ns));
  json.Key("last_cursor").Number(static_cast<std::int64_t>(gap.last));
  json.Key("last_time").String(alert::FormatTime(gap.last_ns));
  json.Key("reason").String(ToString(gap.reason));
  return json.Close('}').Close('}').Take();
}

}  // namespace nezuban::cli
