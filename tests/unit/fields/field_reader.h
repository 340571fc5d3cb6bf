// SPDX-License-Identifier: Apache-2.0
// Reads fields of records, as a rule would: Reader reader; reader.Text(record, "proc.name").
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fields/convert.h"
#include "fields/fields.h"
#include "state/enricher.h"
#include "testlib/record_builder.h"

namespace nezuban::fields {

class Reader {
 public:
  Reader() {
    host.id = "host";
    host.runtime = "host";
  }

  // Applies the event to the process table.
  state::EnrichedEvent Enrich(const event::Event& event) {
    return {event, &processes.Apply(event, 0), container, origin, processes, wall_offset_ns};
  }

  // The field's value as text; "absent", "unknown", and "…" after what is cut.
  std::string Text(const testlib::Record& record, std::string_view field) {
    const event::Event event = record.event();
    const state::EnrichedEvent enriched = Enrich(event);
    return Text(enriched, field);
  }

  std::string Text(const state::EnrichedEvent& event, std::string_view field) {
    arena.Reset();
    const FieldContext context{event, arena, "node-1"};
    const auto prefix = LongestField(field);
    if (!prefix || prefix->length != field.size()) return "no such field";
    return Print(FieldSource(context).Get(prefix->ref));
  }

  static std::string Print(const Value& value) {
    if (std::holds_alternative<Absent>(value)) return "absent";
    if (std::holds_alternative<Unknown>(value)) return "unknown";
    if (const auto* list = std::get_if<ValueList>(&value)) {
      std::string out = "[";
      for (std::size_t i = 0; i < list->size; ++i) out += (i > 0 ? " " : "") + Print(list->data[i]);
      return out + "]";
    }
    const auto* text = std::get_if<fields::Text>(&value);
    return ToString(value) + (text != nullptr && text->truncated() ? "…" : "");
  }

  state::ProcessTable processes;
  state::Container host;
  const state::Container* container = &host;
  const state::Container* origin = &host;
  std::int64_t wall_offset_ns = 0;
  Arena arena;
};

}  // namespace nezuban::fields
