// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "alert/json.h"
#include "daemon/doctor.h"

namespace nezuban::cli {

void AddDoctorCommand(CLI::App& app, int* exit_code) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Which sensor serves each event on this node, and why");
  auto options = std::make_shared<daemon::DoctorOptions>();
  doctor->add_option("--sensors", options->sensors, "What to try: auto, object or tracepoint")
      ->check(CLI::IsMember({"auto", "object", "tracepoint"}));
  doctor->add_flag("--json", options->json, "One JSON object per event");
  doctor->callback([options, exit_code] { *exit_code = daemon::RunDoctor(*options); });
}

}  // namespace nezuban::cli
