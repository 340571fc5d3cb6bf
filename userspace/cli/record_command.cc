// SPDX-License-Identifier: Apache-2.0
#include "cli/record_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/config_options.h"
#include "daemon/record.h"

namespace nezuban::cli {

void AddRecordCommand(CLI::App& app, int* exit_code) {
  static constexpr std::string_view kKeys[] = {
      "sensors",         "hostname",         "log_level",     "redact",
      "redact_patterns", "vital_ring_bytes", "max_processes", "bulk_ring_bytes"};
  CLI::App* record = app.add_subcommand(
      "record", "Record all that the sensors see, until SIGINT, SIGTERM or a limit");
  const auto options = std::make_shared<daemon::RecordOptions>();
  record->add_option("-o,--output", options->file, "New file to write to (mode 0600)")
      ->type_name("FILE")
      ->required();
  record->add_option("--duration", options->seconds, "Stop after that long: 90, 30s, 5min, 1h")
      ->type_name("TIME")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint64_t>{{"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}},
          CLI::AsNumberWithUnit::CASE_INSENSITIVE));
  record->add_option("--max-size", options->max_bytes, "Stop before it is larger: 500MiB, 2GiB")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false));
  const auto config_options = AddConfigOptions(*record, kKeys);
  record->callback([options, config_options, exit_code] {
    daemon::Config config;
    const bool good = BuildConfig(*config_options, Watched::kThisNode, config);
    *exit_code = good ? daemon::RunRecord(config, *options) : 1;
  });
}

}  // namespace nezuban::cli
