// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban record`. The exit code goes to `exit_code` when it has run.
void AddRecordCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
