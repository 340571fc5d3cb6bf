// SPDX-License-Identifier: Apache-2.0
// Explain: why a rule does or does not match an event, node by node of its condition.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fields/arena.h"
#include "fields/field.h"
#include "filter/ast.h"
#include "filter/test.h"

namespace nezuban::ruleset {

struct ExplainedNode {
  std::string text;   // "and", "or", "not", or a comparison
  std::string macro;  // the node is that macro; empty: it stands in the rule, or in a macro above
  filter::Truth truth = filter::Truth::kFalse;
  bool decides = false;  // the answer would stay the same whatever the nodes that don't say
  std::vector<std::pair<std::string, std::string>> values;  // of the fields a comparison looks at
  std::vector<ExplainedNode> children;
};

struct Explanation {
  ExplainedNode root;
  // How many comparisons would have to come out otherwise for a match; 0: it does, or may.
  std::size_t distance = 0;
  // Where that is one: those of which any would do, as "not proc.name = sshd".
  std::vector<std::string> in_the_way;
  // Of a rule that looks at more than one event: what there was before, a sentence each.
  std::vector<std::string> earlier;
};

// The condition of one rule, ready to be explained for many events. Immutable.
class Explainer {
 public:
  // REQUIRES: `condition` compiles; its macros are expanded.
  explicit Explainer(const filter::Expr& condition);
  ~Explainer();
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  // Values are as `shown` gives them (with secrets masked), truth as `source` does.
  Explanation Explain(const fields::FieldSource& source, const fields::FieldSource& shown,
                      fields::Arena& arena) const;

  // Explanation::distance alone.
  std::size_t Distance(const fields::FieldSource& source, fields::Arena& arena) const;

 private:
  struct Node;
  struct Look;
  std::unique_ptr<const Node> root_;
};

// The tree as indented lines, what decided, and what stood in the way. Fit for a terminal.
std::string ToText(const Explanation& explanation);
// One JSON object.
std::string ToJson(const Explanation& explanation);

}  // namespace nezuban::ruleset
