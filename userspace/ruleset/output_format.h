// SPDX-License-Identifier: Apache-2.0
// OutputFormat: "%proc.name started %proc.aname[2]" made ready to be filled in.
#pragma once

#include <functional>
#include <map>
#include <optional>
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

// Values that the configuration names: %static.NAME.
using StaticFields = std::map<std::string, std::string, std::less<>>;

// Immutable once made; Fill may be called by several threads, each with its own arena.
class OutputFormat {
 public:
  //   format = { text | "%" [ width ] ( field | function "(" … ")" | "static." NAME ) }
  // A field is the longest prefix that names one. There is no escape for a literal percent sign.
  // Every problem is told, at the offset of its percent sign; nullopt if one is an error.
  static std::optional<OutputFormat> Parse(std::string_view format, const StaticFields& statics,
                                           std::vector<filter::Problem>& problems);

  // The first error.
  static tl::expected<OutputFormat, filter::Problem> Parse(std::string_view format);

  // What `other` says as well, after a blank.
  void Append(const OutputFormat& other);
  // A value that is no part of the message: that of the field, if `value` is one and nothing else,
  // or the text it gives.
  void AddField(std::string key, OutputFormat value);

  // What has no value is printed as <NA>.
  Output Fill(const fields::FieldSource& source, fields::Arena& arena) const;

  // Whether a value it asks for is unknown and may soon be known.
  bool MayBeCompleted(const fields::FieldSource& source) const;

  // Names of the fields it asks for.
  std::vector<std::string> FieldNames() const;
  // Whether it asks for that field by itself.
  bool Prints(std::string_view field) const;

 private:
  struct Part {
    std::string text;  // before the field
    std::string name;  // of the field as written; empty for the tail of the text
    filter::Term term;
    std::optional<filter::Term> number;  // what output_fields has where the field is a time's text
    std::size_t width = 0;               // padded or cut to this many characters; 0: as it is
  };
  struct Extra {
    std::string key;
    std::vector<Part> parts;
  };
  static alert::FieldValue ValueOf(const Part& part, const fields::Value& value,
                                   const fields::FieldSource& source, fields::Arena& arena);
  static void FillExtra(const Extra& extra, const fields::FieldSource& source, fields::Arena& arena,
                        Output& out);

  std::vector<Part> parts_;
  std::vector<Extra> extras_;
};

// A value as an alert keeps it.
alert::FieldValue ToFieldValue(const fields::Value& value);

}  // namespace nezuban::ruleset
