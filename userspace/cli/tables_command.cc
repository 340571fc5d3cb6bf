// SPDX-License-Identifier: Apache-2.0
#include "cli/tables_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "alert/json.h"
#include "base/text.h"
#include "event/event.h"
#include "fields/event_args.h"
#include "fields/fields.h"
#include "filter/functions.h"
#include "filter/operators.h"

namespace nezuban::cli {
namespace {

std::string Events(std::uint64_t bits) {
  if (bits == 0) return "all";
  std::string names;
  for (event::EventType type = 0; type < NR_EVENTS; ++type) {
    if ((bits >> type & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(event::EventTable()[type].names);
  }
  return names;
}

void PrintFields(bool json) {
  for (const fields::FieldDef* def : fields::FieldTable()) {
    const std::string name(def->name);
    const std::string type(fields::TypeName(def->type));
    if (json) {
      alert::Json line;
      line.Open('{').Key("doc").String(def->doc).Key("events").String(Events(def->events));
      line.Key("name").String(name).Key("type").String(type);
      std::printf("%s\n", line.Close('}').Take().c_str());
      continue;
    }
    const std::string argument(fields::ArgumentForm(*def));
    std::printf("%-28s %-10s %s\n", (name + argument).c_str(), type.c_str(),
                std::string(def->doc).c_str());
    if (def->events != 0) std::printf("%-39s on %s\n", "", Events(def->events).c_str());
  }
}

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

void PrintEvents(bool json) {
  for (event::EventType type = 0; type < NR_EVENTS; ++type) {
    for (std::uint8_t variant = 0; !event::NameOf(type, variant).empty(); ++variant) {
      const std::string name(event::NameOf(type, variant));
      const std::string args = ArgsOf(type, variant);
      if (json) {
        alert::Json line;
        line.Open('{').Key("args").String(args).Key("name").String(name);
        std::printf("%s\n", line.Close('}').Take().c_str());
      } else {
        std::printf("%-20s %s\n", name.c_str(), args.c_str());
      }
    }
  }
}

}  // namespace

void AddTablesCommand(CLI::App& app, int* exit_code) {
  const auto json = std::make_shared<bool>(false);
  const auto add = [&](const char* name, const char* what, void (*print)(bool)) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_flag("--json", *json, "One JSON object a line");
    command->callback([json, exit_code, print] {
      print(*json);
      *exit_code = 0;
    });
  };
  add("fields", "The fields that conditions and outputs can name", PrintFields);
  add("operators", "The operators and functions of conditions", PrintOperators);
  add("events", "The events and their parameters", PrintEvents);
}

}  // namespace nezuban::cli
