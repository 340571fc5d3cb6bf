// SPDX-License-Identifier: Apache-2.0
// Any bytes as an output format, filled from an event that has no fields.
#include <cstdint>
#include <string_view>
#include <vector>

#include "alert/json.h"
#include "base/check.h"
#include "fields/field_map.h"
#include "ruleset/output_format.h"

using namespace nezuban;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ruleset::StaticFields statics = {{"a", "b"}, {"a.b", ""}};
  std::vector<filter::Problem> problems;
  auto format = ruleset::OutputFormat::Parse(text, statics, problems);
  for (const filter::Problem& problem : problems) CHECK(problem.at < text.size());
  if (!format) {
    CHECK(!problems.empty());
    return 0;
  }
  format->Append(*format);
  format->AddField("k", *format);
  fields::Arena arena;
  const fields::FieldMap nothing;
  const ruleset::Output output = format->Fill(nothing.source(), arena);
  CHECK(alert::JsonQuote(output.message).size() >= 2);
  return 0;
}
