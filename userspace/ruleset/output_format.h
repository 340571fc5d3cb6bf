// SPDX-License-Identifier: Apache-2.0
// OutputFormat: "%proc.name started %proc.aname[2]" made ready to be filled in.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "fields/field.h"
#include "filter/problem.h"
#include "filter/term.h"

namespace nezuban::ruleset {

// What a format gives for one event.
struct Output {
  std::string message;
  std::vector<std::pair<std::string, alert::FieldValue>> fields;  // each once, in order
};

// Immutable after Parse; Fill may be called by several threads, each with its own arena.
class OutputFormat {
 public:
  //   format = { text | "%" [ width ] ( field | function "(" … ")" ) }
  // A field is the longest prefix that names one. There is no escape for a literal percent sign.
  // The problem's offset is that of the percent sign.
  static tl::expected<OutputFormat, filter::Problem> Parse(std::string_view format);

  // What has no value is printed as <NA>.
  Output Fill(const fields::FieldSource& source, fields::Arena& arena) const;

  // Names of the fields it asks for.
  std::vector<std::string> FieldNames() const;

 private:
  struct Part {
    std::string text;  // before the field
    std::string name;  // of the field as written; empty for the tail of the text
    filter::Term term;
    std::size_t width = 0;  // padded or cut to this many bytes; 0: as it is
  };
  std::vector<Part> parts_;
};

// A value as an alert keeps it.
alert::FieldValue ToFieldValue(const fields::Value& value);

}  // namespace nezuban::ruleset
