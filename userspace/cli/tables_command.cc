// SPDX-License-Identifier: Apache-2.0
#include "cli/tables_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "alert/json.h"
#include "cli/events_watch_command.h"
#include "cli/fields_text.h"
#include "event/event.h"
#include "fields/event_args.h"
#include "fields/fields.h"
#include "filter/functions.h"
#include "filter/operators.h"
#include "probe/blind_spots.h"
#include "sinks/types.h"

namespace nezuban::cli {
namespace {

void PrintRow(bool json, std::string_view kind, std::string_view name, std::string_view doc) {
  if (json) {
    alert::Json line;
    line.Open('{').Key("doc").String(doc).Key("kind").String(kind).Key("name").String(name);
    std::printf("%s\n", line.Close('}').Take().c_str());
    return;
  }
  std::printf("%-14s %-10s %s\n", std::string(name).c_str(), std::string(kind).c_str(),
              std::string(doc).c_str());
}

void PrintOperators(bool json) {
  for (const filter::OperatorDef& op : filter::OperatorTable()) {
    PrintRow(json, "operator", op.spelling, op.doc);
  }
  for (const filter::FunctionDef& f : filter::FunctionTable()) {
    PrintRow(json, "function", f.name, f.doc);
  }
}

std::string ArgsOf(event::EventType type, std::uint8_t variant) {
  std::string names;
  for (const fields::EventArg& arg : fields::EventArgs()) {
    if (arg.event != type || (arg.names >> variant & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(arg.name);
  }
  return names;
}

std::vector<std::string> BlindSpotsOf(event::EventType type) {
  std::vector<std::string> texts;
  for (const probe::BlindSpot& spot : probe::BlindSpots()) {
    if (!spot.Concerns(type)) continue;
    const std::string whose = spot.kind ? std::string(ToString(*spot.kind)) + " sensor: " : "";
    texts.push_back(whose + std::string(spot.words));
  }
  return texts;
}

void PrintEvents(bool json) {
  for (event::EventType type = 0; type < NR_EVENTS; ++type) {
    const std::vector<std::string> blind_spots = BlindSpotsOf(type);
    for (std::uint8_t variant = 0; !event::NameOf(type, variant).empty(); ++variant) {
      const std::string name(event::NameOf(type, variant));
      const std::string args = ArgsOf(type, variant);
      if (json) {
        alert::Json line;
        line.Open('{').Key("args").String(args).Key("blind_spots").Open('[');
        for (const std::string& spot : blind_spots) line.String(spot);
        line.Close(']').Key("name").String(name);
        std::printf("%s\n", line.Close('}').Take().c_str());
      } else {
        std::printf("%-20s %s\n", name.c_str(), args.c_str());
      }
    }
    if (json) continue;
    for (const std::string& spot : blind_spots) std::printf("    (%s)\n", spot.c_str());
  }
}

void PrintOptions(bool json, std::string_view type, std::span<const sinks::Option> options) {
  for (const sinks::Option& option : options) {
    if (json) {
      alert::Json line;
      line.Open('{').Key("argument").String(option.argument).Key("doc").String(option.doc);
      line.Key("name").String(option.name).Key("required").Bool(option.required);
      std::printf("%s\n", line.Key("type").String(type).Close('}').Take().c_str());
    } else {
      std::printf("  %-16s %-12s %s%s\n", std::string(option.name).c_str(),
                  std::string(option.argument).c_str(), option.required ? "(needed) " : "",
                  std::string(option.doc).c_str());
    }
  }
}

void PrintSinks(bool json) {
  if (!json) std::printf("any type\n");
  PrintOptions(json, "", sinks::CommonOptions());
  for (const sinks::Type& type : sinks::Types()) {
    if (!json) {
      std::printf("%s: %s\n", std::string(type.name).c_str(), std::string(type.doc).c_str());
    }
    PrintOptions(json, type.name, type.options);
    PrintOptions(json, type.name, type.tls);
  }
}

void AddFieldsCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("fields", "The fields that conditions and outputs can name");
  const auto json = std::make_shared<bool>(false);
  const auto markdown = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object a line");
  command->add_flag("--markdown", *markdown, "As rules/FIELDS.md")->excludes("--json");
  command->callback([json, markdown, exit_code] {
    const std::string text = *json ? FieldsJson() : *markdown ? FieldsMarkdown() : FieldsText();
    std::fwrite(text.data(), 1, text.size(), stdout);
    *exit_code = 0;
  });
}

}  // namespace

void AddTablesCommand(CLI::App& app, int* exit_code) {
  const auto json = std::make_shared<bool>(false);
  const auto add = [&](const char* name, const char* what, void (*print)(bool)) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_flag("--json", *json, "One JSON object a line");
    command->callback([json, exit_code, print, command] {
      if (!command->get_subcommands().empty()) return;  // that one does it
      print(*json);
      *exit_code = 0;
    });
    return command;
  };
  AddFieldsCommand(app, exit_code);
  add("operators", "The operators and functions of conditions", PrintOperators);
  AddEventsWatchCommand(*add("events", "The events and their parameters", PrintEvents), exit_code);
  add("sinks", "The types of sinks and what each can be told", PrintSinks);
}

}  // namespace nezuban::cli
