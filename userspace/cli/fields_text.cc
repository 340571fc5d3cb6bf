// SPDX-License-Identifier: Apache-2.0
#include "cli/fields_text.h"

#include <spdlog/fmt/fmt.h>

#include "alert/json.h"
#include "event/event.h"
#include "fields/fields.h"

namespace nezuban::cli {
namespace {

using fields::FieldDef;
using fields::FieldTable;

// Names of the events that can carry it; "all"; "none" where nothing can answer it.
std::string EventsOf(const FieldDef& def) {
  if (def.get == nullptr) return "none";
  if (def.events == 0) return "all";
  std::string names;
  for (event::EventType type = 0; type < NR_EVENTS; ++type) {
    if ((def.events >> type & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(event::EventTable()[type].names);
  }
  return names;
}

std::string TypeOf(const FieldDef& def) {
  const std::string type(fields::TypeName(def.type));
  return def.several == fields::Several::kList ? "list of " + type : type;
}

std::string Standing(const FieldDef& def) {
  std::string standing = def.get == nullptr ? "always absent" : "";
  if (def.deprecated) standing += standing.empty() ? "deprecated" : ", deprecated";
  return standing;
}

std::string MarkdownCell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, 1, '\\');
  }
  return text;
}

}  // namespace

std::string FieldsText() {
  std::string out;
  for (const FieldDef* def : FieldTable()) {
    const std::string name = std::string(def->name) + std::string(fields::ArgumentForm(*def));
    const std::string unit = def->unit.empty() ? "" : fmt::format(" In {}.", def->unit);
    out += fmt::format("{:<28} {:<10} {}{}\n", name, TypeOf(*def), def->doc, unit);
    const std::string standing = Standing(*def);
    if (!standing.empty()) out += fmt::format("{:39} {}\n", "", standing);
    if (def->get != nullptr && def->events != 0) {
      out += fmt::format("{:39} on {}\n", "", EventsOf(*def));
    }
  }
  return out;
}

std::string FieldsJson() {
  std::string out;
  for (const FieldDef* def : FieldTable()) {
    alert::Json line;
    line.Open('{').Key("answered").Bool(def->get != nullptr);
    line.Key("argument").String(fields::ArgumentForm(*def));
    line.Key("deprecated").Bool(def->deprecated).Key("doc").String(def->doc);
    line.Key("events").String(EventsOf(*def)).Key("name").String(def->name);
    line.Key("type").String(TypeOf(*def)).Key("unit").String(def->unit);
    out += line.Close('}').Take() + "\n";
  }
  return out;
}

std::string FieldsMarkdown() {
  std::string out =
      "# Fields\n\n"
      "Made by `nezuban fields --markdown`; a test holds the two together. `[N]` is an index, "
      "`[KEY]` a word,\nboth in brackets. A field that is *always absent* belongs to the language, "
      "but nothing here can tell it yet:\nrules that name it load with a warning.\n";
  std::string_view group;
  for (const FieldDef* def : FieldTable()) {
    const std::string_view of = def->name.substr(0, def->name.find('.'));
    if (of != group) {
      group = of;
      out += fmt::format(
          "\n## {}\n\n| field | type | unit | meaning | events |\n|---|---|---|---|---|\n", group);
    }
    const std::string standing = Standing(*def);
    out += fmt::format("| `{}{}` | {} | {} | {}{} | {} |\n", def->name,
                       MarkdownCell(std::string(fields::ArgumentForm(*def))), TypeOf(*def),
                       def->unit, MarkdownCell(std::string(def->doc)),
                       standing.empty() ? "" : " *" + standing + "*", EventsOf(*def));
  }
  return out;
}

}  // namespace nezuban::cli
