// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban run`: the daemon.
void AddRunCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
