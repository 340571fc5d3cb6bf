// SPDX-License-Identifier: Apache-2.0
#include "filter/path_tree.h"

#include <algorithm>

#include "base/text.h"
#include "filter/text_match.h"

namespace nezuban::filter {
namespace {

// Takes the first component off `path`; an empty one if there is none.
std::string_view TakeComponent(std::string_view& path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const std::string_view component = path.substr(0, path.find('/'));
  path.remove_prefix(component.size());
  return component;
}

bool IsGlob(std::string_view component) {
  return component.find_first_of("*?[\\") != std::string_view::npos;
}

// Text that begins with `component` and goes on nobody knows how.
bool MayMatch(std::string_view component, std::string_view glob) {
  return GlobMatch(glob, component) ||
         TextGlob(fields::Text(component, fields::Text::kTotalUnknown), glob) != Truth::kFalse;
}

}  // namespace

void PathTree::Add(std::string_view pattern) {
  Node* node = &root_;
  for (std::string_view name = TakeComponent(pattern); !name.empty();
       name = TakeComponent(pattern)) {
    if (!IsGlob(name)) {
      auto& child = node->literals[std::string(name)];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    auto at = std::ranges::find(node->globs, name, &decltype(Node::globs)::value_type::first);
    if (at == node->globs.end()) {
      at = node->globs.insert(at, {std::string(name), std::make_unique<Node>()});
    }
    node = at->second.get();
  }
  node->end = true;
}

Truth PathTree::Match(const fields::Text& path) const {
  return Match(root_, path.bytes, path.truncated());
}

// No deeper than the longest pattern: every step goes down the tree.
Truth PathTree::Match(const Node& node, std::string_view left, bool cut) {
  if (node.end) return Truth::kTrue;
  const std::string_view component = TakeComponent(left);
  if (cut && left.empty()) return MatchCut(node, component);
  if (component.empty()) return Truth::kFalse;
  Truth truth = Truth::kFalse;
  if (const auto at = node.literals.find(component); at != node.literals.end()) {
    truth = Match(*at->second, left, cut);
  }
  for (const auto& [glob, child] : node.globs) {
    if (truth == Truth::kTrue) break;
    if (GlobMatch(glob, component)) truth = Either(truth, Match(*child, left, cut));
  }
  return truth;
}

// Nothing can be certain below the component that was cut.
Truth PathTree::MatchCut(const Node& node, std::string_view component) {
  const auto at = node.literals.lower_bound(component);
  if (at != node.literals.end() && at->first.starts_with(component)) return Truth::kUnknown;
  const bool possible = std::ranges::any_of(
      node.globs, [&](const auto& row) { return MayMatch(component, row.first); });
  return possible ? Truth::kUnknown : Truth::kFalse;
}

}  // namespace nezuban::filter
