// SPDX-License-Identifier: Apache-2.0
// What both halves of the Resolver need of texts.
#pragma once

#include <string>

#include "base/diagnostics.h"
#include "filter/ast.h"
#include "filter/problem.h"
#include "ruleset/source_text.h"

namespace nezuban::ruleset {

// The problem where `text` stands.
Diagnostic Placed(const filter::Problem& problem, const SourceText& text);

// An item with quotes of its own stands for what is in them.
filter::Literal ToLiteral(const std::string& text);

}  // namespace nezuban::ruleset
