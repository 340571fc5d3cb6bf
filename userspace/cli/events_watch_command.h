// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// Adds `watch` to `nezuban events`; its callback sets the exit code.
void AddEventsWatchCommand(CLI::App& events, int* exit_code);

}  // namespace nezuban::cli
