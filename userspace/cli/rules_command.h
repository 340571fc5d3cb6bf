// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace nezuban::cli {

// `nezuban rules check|list|test PATH…`: what can be done with rules without a kernel. *exit_code
// becomes 0, or 1 for rules with errors and for tests that fail. It must outlive `app`.
void AddRulesCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
