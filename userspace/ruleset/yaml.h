// SPDX-License-Identifier: Apache-2.0
// YAML → plain nodes with positions. The only file that includes yaml-cpp in this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "ruleset/source_text.h"

namespace nezuban::ruleset {

// Larger files, more nodes (aliases count for what they stand for) or deeper nesting are errors.
inline constexpr std::size_t kMaxFileBytes = 16 << 20;
inline constexpr std::size_t kMaxYamlNodes = 1'000'000;
inline constexpr int kMaxYamlDepth = 32;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  SourceText scalar;  // for every kind its anchor is where the node starts
  bool quoted = false;
  std::vector<YamlNode> items;
  struct Entry;
  std::vector<Entry> entries;

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_map() const { return kind == Kind::kMap; }
  const std::string& text() const { return scalar.text; }
  Position at() const { return scalar.Start(); }

  // The value of `key` in a map; nullptr if there is none.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlNode::Entry {
  YamlNode key;
  YamlNode value;
};

// The documents of a file. nullopt with the reason in `diagnostics`. `file` must outlive the nodes.
std::optional<std::vector<YamlNode>> ParseYaml(std::string_view text, std::string_view file,
                                               Diagnostics& diagnostics);

// true, false, yes, no, on, off in any of YAML 1.1's spellings; nullopt for anything else.
std::optional<bool> YamlBool(const YamlNode& node);

}  // namespace nezuban::ruleset
