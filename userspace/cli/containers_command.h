// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// Adds `nezuban containers`; its callback sets the exit code.
void AddContainersCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
