// SPDX-License-Identifier: Apache-2.0
#include "cli/events_watch_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "alert/json.h"
#include "base/text.h"
#include "cli/client_options.h"
#include "rpc/admin_client.h"

namespace nezuban::cli {
namespace {

struct EventsWatchOptions {
  rpc::Endpoint endpoint;
  rpc::EventsAskedFor asked;
  std::uint64_t count = 0;  // 0: no end
  bool json = false;
};

struct WriteValue {
  alert::Json& json;
  void operator()(std::monostate) const { json.Null(); }
  void operator()(bool value) const { json.Bool(value); }
  void operator()(std::int64_t value) const { json.Number(value); }
  void operator()(const std::string& value) const { json.String(value); }
  void operator()(const std::vector<std::string>& values) const {
    json.Open('[');
    for (const std::string& value : values) json.String(value);
    json.Close(']');
  }
};

struct ValueText {
  std::string operator()(std::monostate) const { return "<NA>"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return Printable(value); }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ",") + Printable(value);
    return text;
  }
};

std::string JsonLine(const rpc::WatchedEvent& event) {
  alert::Json json;
  json.Open('{').Key("time").String(alert::FormatTime(event.time_ns));
  json.Key("event").String(event.type).Key("fields").Open('{');
  for (const auto& [name, value] : event.fields) {
    json.Key(name);
    std::visit(WriteValue{json}, value);
  }
  return json.Close('}').Close('}').Take() + "\n";
}

std::string TextLine(const rpc::WatchedEvent& event) {
  std::string line = alert::FormatTime(event.time_ns) + " " + Printable(event.type);
  for (const auto& [name, value] : event.fields) {
    line += " " + Printable(name) + "=" + std::visit(ValueText(), value);
  }
  return line + "\n";
}

// What was left out since it was last told; to standard error, so that events stay alone.
void TellLeftOut(const rpc::WatchCounts& counts, std::uint64_t& told) {
  const std::uint64_t left_out = counts.over_rate + counts.dropped + counts.not_asked;
  if (left_out == told) return;
  told = left_out;
  std::fprintf(stderr,
               "nezuban events watch: left out so far: %llu over the rate, %llu not read in time, "
               "%llu not asked\n",
               static_cast<unsigned long long>(counts.over_rate),
               static_cast<unsigned long long>(counts.dropped),
               static_cast<unsigned long long>(counts.not_asked));
}

int Watch(const EventsWatchOptions& options) {
  const bool json = options.json || ::isatty(STDOUT_FILENO) == 0;
  std::uint64_t printed = 0;
  std::uint64_t left_out = 0;
  bool failed = false;
  const auto print = [&](const std::vector<rpc::WatchedEvent>& events,
                         const rpc::WatchCounts& counts) {
    for (const rpc::WatchedEvent& event : events) {
      if (options.count > 0 && printed == options.count) break;
      const std::string line = json ? JsonLine(event) : TextLine(event);
      failed = failed || std::fputs(line.c_str(), stdout) < 0;
      ++printed;
    }
    failed = failed || std::fflush(stdout) != 0;
    TellLeftOut(counts, left_out);
    return !failed && (options.count == 0 || printed < options.count);
  };
  auto client = rpc::AdminClient::Create(options.endpoint);
  const Status ended = client ? client->WatchEvents(options.asked, print)
                              : Status(tl::unexpected<Error>(client.error()));
  if (ended) return failed ? 2 : 0;
  for (const std::string_view line : Split(ended.error().message, '\n')) {
    std::fprintf(stderr, "nezuban events watch: %s\n", Printable(line).c_str());
  }
  return ended.error().exit_code;
}

}  // namespace

void AddEventsWatchCommand(CLI::App& events, int* exit_code) {
  CLI::App* watch = events.add_subcommand(
      "watch", "Show events of a running monitor that satisfy a condition, to write rules by");
  auto options = std::make_shared<EventsWatchOptions>();
  AddClientOptions(*watch, options->endpoint);
  watch
      ->add_option("condition", options->asked.condition,
                   "In the rules' language: 'evt.type = execve and proc.name = curl'")
      ->required();
  watch->add_option("--field", options->asked.fields, "A field to show; may be repeated")
      ->type_name("FIELD")
      ->expected(1)
      ->take_all();
  watch->add_option("--one-in", options->asked.one_in, "Show one of so many");
  watch->add_option("--max-per-second", options->asked.max_per_second,
                    "Show at most so many, up to 1000; default: 100");
  watch->add_option("--count", options->count, "Stop after that many")->check(CLI::PositiveNumber);
  watch->add_flag("--json", options->json,
                  "One JSON object a line, as always when the output is no terminal");
  watch->callback([options, exit_code] { *exit_code = Watch(*options); });
}

}  // namespace nezuban::cli
