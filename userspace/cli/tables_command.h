// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace nezuban::cli {

// `nezuban fields|operators|events`: the tables rules are written from, as text or --json.
// *exit_code becomes 0. It must outlive `app`.
void AddTablesCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
