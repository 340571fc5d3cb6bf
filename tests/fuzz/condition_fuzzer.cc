// SPDX-License-Identifier: Apache-2.0
// Any bytes as a condition: parse, check, compile, print; what is printed means the same.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "fields/field_map.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/parser.h"

using namespace nezuban;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expr = filter::Parse(text);
  if (!expr) {
    CHECK(expr.error().at <= text.size());
    return 0;
  }
  const std::string printed = ToString(*expr);
  const auto again = filter::Parse(printed);
  // Printing adds parentheses, which may go over the limit of depth.
  if (again) CHECK(ToString(*again) == printed);

  std::vector<filter::Problem> problems;
  filter::Check(*expr, problems);
  for (const filter::Problem& problem : problems) CHECK(problem.at <= text.size());
  const auto program = filter::Compile(*expr, problems);
  if (!program) {
    CHECK(!problems.empty());
    return 0;
  }
  fields::Arena arena;
  const fields::FieldMap nothing;
  const filter::Answer answer = program->Run(nothing.source(), arena);
  CHECK(answer != filter::Answer::kPossible);
  CHECK(program->Dump().size() > 0);
  return 0;
}
