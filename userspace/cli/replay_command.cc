// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/text.h"
#include "cli/config_options.h"
#include "daemon/node.h"
#include "daemon/replay.h"
#include "daemon/rule_loader.h"

namespace nezuban::cli {
namespace {

int Complain(const Error& error) {
  std::fprintf(stderr, "nezuban: %s\n", Printable(error.message).c_str());
  return error.exit_code;
}

int Replay(const std::string& file, const daemon::Config& config) {
  Diagnostics diagnostics;
  const auto rules = daemon::LoadRules(config, diagnostics);
  std::fputs(diagnostics.ToString().c_str(), stderr);
  if (rules == nullptr) return 1;
  auto reader = recording::Reader::Open(file);
  if (!reader) return Complain(reader.error());
  auto redactor = daemon::MakeRedactor(config);
  if (!redactor) return Complain(redactor.error());
  const bool json = config.output == "json";
  bool written = true;
  const auto print = [&](const std::shared_ptr<const alert::Alert>& alert) {
    if (config.output == "none") return;
    const std::string line = (json ? alert::ToJson(*alert) : alert::ToText(*alert)) + "\n";
    written &= std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
  };
  const daemon::ReplaySummary summary = daemon::Replay(
      *reader, rules, daemon::DetectorOptionsOf(config, *std::move(redactor)), print);
  written &= std::fflush(stdout) == 0;
  for (const std::string& what : summary.missing) {
    std::fprintf(stderr, "nezuban: %s: %s\n", Printable(file).c_str(), Printable(what).c_str());
  }
  std::fprintf(stderr, "nezuban: %llu events, %llu alerts\n",
               static_cast<unsigned long long>(summary.events),   // NOLINT: for %llu
               static_cast<unsigned long long>(summary.alerts));  // NOLINT
  if (!written) return Complain(Error{"standard output cannot be written", 2});
  return summary.damaged ? 1 : 0;
}

}  // namespace

void AddReplayCommand(CLI::App& app, int* exit_code) {
  static constexpr std::string_view kKeys[] = {
      "rules",           "rule_selection", "rule_matching",   "append_output", "static_fields",
      "output",          "priority",       "redact",          "hold_ms",       "hold_events",
      "hold_bytes",      "max_processes",  "redact_patterns", "rate_limit",    "rate_burst",
      "dedup_window_ms", "dedup_fields"};
  CLI::App* replay =
      app.add_subcommand("replay", "Put a recording through rules: the same alerts every time");
  const auto file = std::make_shared<std::string>();
  replay->add_option("file", *file, "A recording")->type_name("FILE")->required();
  const auto options = AddConfigOptions(*replay, kKeys);
  replay->footer(
      "Exit codes: 0 read to its end; 1 bad rules, no recording, or one that is damaged or was cut "
      "short: the alerts up to there are printed; 2 cannot run here.");
  replay->callback([file, options, exit_code] {
    daemon::Config config;
    const bool good = BuildConfig(*options, Watched::kRecording, config);
    *exit_code = good ? Replay(*file, config) : 1;
  });
}

}  // namespace nezuban::cli
