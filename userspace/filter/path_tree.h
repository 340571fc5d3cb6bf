// SPDX-License-Identifier: Apache-2.0
// PathTree: the patterns of a pmatch as one tree of path components.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fields/value.h"
#include "filter/matcher.h"

namespace nezuban::filter {

// Matches in time that depends on the path, not on the number of patterns (globs apart: each is
// tried at most once). Immutable once its patterns are in.
class PathTree {
 public:
  // Slashes at the ends do not matter; components may be globs. An empty pattern is every path.
  void Add(std::string_view pattern);

  // Whether the path itself or a directory above it matches a pattern, component by component.
  // Where the path was cut, its last component may go on.
  Truth Match(const fields::Text& path) const;

 private:
  struct Node {
    bool end = false;  // a pattern ends here
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> globs;
  };

  static Truth Match(const Node& node, std::string_view left, bool cut);
  static Truth MatchCut(const Node& node, std::string_view component);

  Node root_;
};

}  // namespace nezuban::filter
