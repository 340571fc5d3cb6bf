// SPDX-License-Identifier: Apache-2.0
#include "fields/event_facts.h"

#include <fcntl.h>

#include <array>

#include "base/check.h"
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

std::array<EventFacts, NR_EVENTS> Join() {
  std::array<EventFacts, NR_EVENTS> all{};
  std::array<bool, NR_EVENTS> there{};
  for (const EventFamily& family : EventFamilies()) {
    for (const EventFacts& facts : family.facts) {
      const auto event = static_cast<std::size_t>(facts.event);
      CHECK(!there[event]);
      there[event] = true;
      all[event] = facts;
    }
  }
  for (const bool event_is_there : there) CHECK(event_is_there);
  return all;
}

const std::array<EventFacts, NR_EVENTS>& Table() {
  static const std::array<EventFacts, NR_EVENTS> table = Join();
  return table;
}

}  // namespace

Value DirectoryFd(std::int32_t fd) {
  return fd == AT_FDCWD ? Value("AT_FDCWD") : Value(std::int64_t{fd});
}

const EventFacts& FactsOf(const FieldContext& context) { return Table()[context.header().type]; }

std::span<const EventFacts> EventFactsTable() { return Table(); }

Value EventResult(const FieldContext& context) {
  const auto result = FactsOf(context).result;
  return result == nullptr ? Value(Absent{}) : result(context);
}

Value EventResultText(const FieldContext& context) {
  const Value result = EventResult(context);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n == nullptr ? result : Value(ResultName(*n, context.arena));
}

}  // namespace nezuban::fields
