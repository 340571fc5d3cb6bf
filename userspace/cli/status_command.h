// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban status`: what a running monitor sees and what it lost.
void AddStatusCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
