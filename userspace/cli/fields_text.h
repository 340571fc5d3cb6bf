// SPDX-License-Identifier: Apache-2.0
// The table of fields as users read it.
#pragma once

#include <string>

namespace nezuban::cli {

std::string FieldsText();
// One object a line: name, argument, type, unit, doc, events, and whether it is answered or
// deprecated.
std::string FieldsJson();
// rules/FIELDS.md.
std::string FieldsMarkdown();

}  // namespace nezuban::cli
