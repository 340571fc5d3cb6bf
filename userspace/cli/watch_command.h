// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban watch`: follows a running monitor's alerts.
void AddWatchCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
