// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_command.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "alert/json.h"
#include "base/text.h"
#include "daemon/doctor.h"

namespace nezuban::cli {
namespace {

struct DoctorOptions {
  std::string sensors = "auto";
  bool json = false;
};

std::string ToJson(const rpc::SensorStatus& sensor) {
  alert::Json json;
  json.Open('{').Key("blind_spots").Open('[');
  for (const std::string& spot : sensor.blind_spots) json.String(spot);
  json.Close(']').Key("event").String(sensor.event);
  json.Key("hook").String(sensor.hook).Key("proved").Bool(sensor.proved);
  json.Key("sensor").String(ToString(sensor.kind)).Key("why").String(sensor.why).Close('}');
  return json.Take() + "\n";
}

std::string ToText(const std::vector<rpc::SensorStatus>& sensors) {
  utsname name{};
  ::uname(&name);
  char line[512];
  std::snprintf(line, sizeof(line), "kernel %s, uid %u\n\n%-13s %-11s %-7s %s\n", name.release,
                ::geteuid(), "event", "sensor", "proved", "hook");
  std::string out = line;
  for (const rpc::SensorStatus& sensor : sensors) {
    std::snprintf(line, sizeof(line), "%-13s %-11s %-7s %s\n", sensor.event.c_str(),
                  std::string(ToString(sensor.kind)).c_str(), sensor.proved ? "yes" : "no",
                  sensor.hook.c_str());
    out += line;
    const std::string indent(14, ' ');
    if (!sensor.why.empty()) out += indent + Printable(sensor.why) + "\n";
    for (const std::string& spot : sensor.blind_spots)
      out.append(indent).append("(").append(spot).append(")\n");
  }
  return out;
}

int ShowDoctor(const DoctorOptions& options) {
  const auto sensors = daemon::ExamineSensors(options.sensors);
  if (!sensors) {
    std::fprintf(stderr, "nezuban doctor: %s\n", sensors.error().message.c_str());
    return sensors.error().exit_code;
  }
  std::string out;
  if (options.json) {
    for (const rpc::SensorStatus& sensor : *sensors) out += ToJson(sensor);
  } else {
    out = ToText(*sensors);
  }
  if (std::fputs(out.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return 2;
  const bool all = std::all_of(sensors->begin(), sensors->end(), [](const rpc::SensorStatus& s) {
    return s.kind != rpc::SensorKind::kNone;
  });
  return all ? 0 : 2;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, int* exit_code) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Which sensor serves each event on this node, and why");
  auto options = std::make_shared<DoctorOptions>();
  doctor->add_option("--sensors", options->sensors, "What to try: auto, object or tracepoint")
      ->check(CLI::IsMember({"auto", "object", "tracepoint"}))
      ->capture_default_str();
  doctor->add_flag("--json", options->json, "One JSON object per event");
  doctor->footer("Exit code 0: every event is served; 2: some are not, or nothing works here.");
  doctor->callback([options, exit_code] { *exit_code = ShowDoctor(*options); });
}

}  // namespace nezuban::cli
