// SPDX-License-Identifier: Apache-2.0
// The keys of nezuban.yaml as options of a subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"

namespace nezuban::cli {

// What was given on the command line, by config key.
struct ConfigOptions {
  std::string config_file;
  std::map<std::string, std::vector<std::string>> values;
};

// Adds --config and an option for each key among `keys`; for every key there is, as a daemon has
// that takes some over at SIGHUP, if none are named.
std::shared_ptr<ConfigOptions> AddConfigOptions(CLI::App& command,
                                                std::span<const std::string_view> keys = {});

// For what a config is read: of a recording nobody is asked.
enum class Watched : std::uint8_t { kThisNode, kRecording };

// The file first, options after it: options win. False after printing every problem.
bool BuildConfig(const ConfigOptions& options, Watched watched, daemon::Config& config);

}  // namespace nezuban::cli
