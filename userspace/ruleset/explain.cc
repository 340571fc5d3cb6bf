// SPDX-License-Identifier: Apache-2.0
#include "ruleset/explain.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/text.h"
#include "fields/convert.h"
#include "filter/check.h"

namespace nezuban::ruleset {

using filter::Truth;

// A node of the condition, with its comparison made ready.
struct Explainer::Node {
  enum class Kind : std::uint8_t { kTest, kNot, kAnd, kOr };
  Kind kind = Kind::kTest;
  std::string text;
  std::string macro;
  std::optional<filter::Test> test;
  std::vector<fields::FieldRef> fields;
  std::vector<Node> children;

  static Node Make(const filter::Expr& expr);

  Truth Evaluate(const fields::FieldSource& source, fields::Arena& arena) const;
  std::size_t Distance(bool wanted, const fields::FieldSource& source, fields::Arena& arena) const;
};

namespace {

void AddFields(const filter::Term& term, std::vector<fields::FieldRef>& out) {
  filter::ForEachField(term, [&out](const fields::FieldRef& field) {
    if (std::ranges::find(out, field) == out.end()) out.push_back(field);
  });
}

std::string ShowText(const fields::Text& text) {
  std::string quoted = "\"" + Printable(text.bytes) + "\"";
  if (!text.truncated()) return quoted;
  const std::string total =
      text.total == fields::Text::kTotalUnknown ? "more" : std::to_string(text.total);
  return quoted + " (cut: " + std::to_string(text.bytes.size()) + " of " + total + " bytes)";
}

std::string Show(const fields::Value& value) {
  if (std::holds_alternative<fields::Absent>(value)) return "absent";
  if (std::holds_alternative<fields::Unknown>(value)) return "not known";
  if (const auto* text = std::get_if<fields::Text>(&value)) return ShowText(*text);
  const auto* list = std::get_if<fields::ValueList>(&value);
  if (list == nullptr) return Printable(fields::ToString(value));
  std::string out;
  for (std::size_t i = 0; i < list->size; ++i) out += (i == 0 ? "" : ", ") + Show(list->data[i]);
  return "(" + out + ")";
}

}  // namespace

Explainer::Node Explainer::Node::Make(const filter::Expr& expr) {
  Node node;
  node.macro = expr.macro;
  const std::vector<filter::Expr>* children = nullptr;
  if (const auto* comparison = std::get_if<filter::Comparison>(&expr.node)) {
    std::vector<filter::Problem> problems;
    node.text = ToString(*comparison);
    node.test = filter::MakeTest(*comparison, problems);
    CHECK(node.test.has_value());
    AddFields(node.test->left, node.fields);
    if (node.test->right) AddFields(*node.test->right, node.fields);
  } else if (const auto* negation = std::get_if<filter::Not>(&expr.node)) {
    node.kind = Kind::kNot;
    node.text = "not";
    node.children.push_back(Make(*negation->child));
  } else if (const auto* all = std::get_if<filter::And>(&expr.node)) {
    node.kind = Kind::kAnd;
    node.text = "and";
    children = &all->children;
  } else {
    node.kind = Kind::kOr;
    node.text = "or";
    children = &std::get<filter::Or>(expr.node).children;
  }
  if (children == nullptr) return node;
  for (const filter::Expr& child : *children) node.children.push_back(Make(child));
  return node;
}

Truth Explainer::Node::Evaluate(const fields::FieldSource& source, fields::Arena& arena) const {
  if (kind == Kind::kTest) return test->Evaluate(source, arena);
  if (kind == Kind::kNot) return filter::Negate(children[0].Evaluate(source, arena));
  Truth truth = kind == Kind::kAnd ? Truth::kTrue : Truth::kFalse;
  for (const Node& child : children) {
    const Truth one = child.Evaluate(source, arena);
    truth = kind == Kind::kAnd ? filter::Both(truth, one) : filter::Either(truth, one);
  }
  return truth;
}

// How many comparisons have to come out otherwise for the node to be `wanted`. What is not known
// may be as it is wanted.
std::size_t Explainer::Node::Distance(bool wanted, const fields::FieldSource& source,
                                      fields::Arena& arena) const {
  if (kind == Kind::kTest) {
    const Truth against = wanted ? Truth::kFalse : Truth::kTrue;
    return test->Evaluate(source, arena) == against ? 1 : 0;
  }
  if (kind == Kind::kNot) return children[0].Distance(!wanted, source, arena);
  const bool every = (kind == Kind::kAnd) == wanted;  // child has to be wanted, or any
  std::size_t sum = 0;
  std::size_t least = SIZE_MAX;
  for (const Node& child : children) {
    const std::size_t one = child.Distance(wanted, source, arena);
    sum += one;
    least = std::min(least, one);
  }
  return every ? sum : least;
}

// One event looked at: makes the nodes of an Explanation.
struct Explainer::Look {
  const fields::FieldSource& source;
  const fields::FieldSource& shown;
  fields::Arena& arena;

  ExplainedNode Explained(const Node& node) const {
    ExplainedNode out{node.text, node.macro, node.Evaluate(source, arena), false, {}, {}};
    for (const fields::FieldRef& field : node.fields) {
      out.values.emplace_back(fields::ToString(field), Show(shown.Get(field)));
    }
    for (const Node& child : node.children) out.children.push_back(Explained(child));
    return out;
  }

  // REQUIRES: one comparison is enough for the node to be `wanted`.
  void InTheWay(const Node& node, bool wanted, std::vector<std::string>& out) const {
    if (node.kind == Node::Kind::kTest) {
      out.push_back((wanted ? "" : "not ") + node.text);
      return;
    }
    const bool flip = node.kind == Node::Kind::kNot;
    for (const Node& child : node.children) {
      if (child.Distance(wanted != flip, source, arena) == 1) InTheWay(child, wanted != flip, out);
    }
  }
};

namespace {

// Marks what is enough for the answer: of an `and` that is false its first false child, and so on;
// of one that is not known, all that is not.
void MarkDeciding(ExplainedNode& node) {
  node.decides = true;
  const bool one_is_enough = (node.text == "and" && node.truth == Truth::kFalse) ||
                             (node.text == "or" && node.truth == Truth::kTrue);
  for (ExplainedNode& child : node.children) {
    if (node.text != "not" && child.truth != node.truth) continue;
    MarkDeciding(child);
    if (one_is_enough) return;
  }
}

}  // namespace

Explainer::Explainer(const filter::Expr& condition)
    : root_(std::make_unique<const Node>(Node::Make(condition))) {}
Explainer::~Explainer() = default;

Explanation Explainer::Explain(const fields::FieldSource& source, const fields::FieldSource& shown,
                               fields::Arena& arena) const {
  const Look look{source, shown, arena};
  Explanation explanation;
  explanation.root = look.Explained(*root_);
  MarkDeciding(explanation.root);
  explanation.distance = root_->Distance(true, source, arena);
  if (explanation.distance == 1) look.InTheWay(*root_, true, explanation.in_the_way);
  return explanation;
}

std::size_t Explainer::Distance(const fields::FieldSource& source, fields::Arena& arena) const {
  return root_->Distance(true, source, arena);
}

}  // namespace nezuban::ruleset
