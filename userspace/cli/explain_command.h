// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban rules explain`: why a rule does or does not match an event.
void AddExplainCommand(CLI::App& rules, int* exit_code);

}  // namespace nezuban::cli
