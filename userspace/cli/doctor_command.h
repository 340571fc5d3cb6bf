// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace nezuban::cli {

// `nezuban doctor`: which sensor serves each event here, and why.
void AddDoctorCommand(CLI::App& app, int* exit_code);

}  // namespace nezuban::cli
