// SPDX-License-Identifier: Apache-2.0
#include "filter/index_key.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace nezuban::filter {
namespace {

std::optional<IndexKey> TextKey(KeyKind kind, const Constant& constant) {
  if (std::get<std::string>(constant).empty()) return std::nullopt;
  return IndexKey{kind, constant};
}

// The longest part of a pattern that stands for itself; empty if that is not easily told.
std::string LongestLiteral(std::string_view pattern) {
  if (pattern.find_first_of("[\\") != std::string_view::npos) return {};
  std::string_view longest;
  while (!pattern.empty()) {
    const std::string_view part = pattern.substr(0, pattern.find_first_of("*?"));
    if (part.size() > longest.size()) longest = part;
    pattern.remove_prefix(std::min(part.size() + 1, pattern.size()));
  }
  return std::string(longest);
}

}  // namespace

std::optional<IndexKey> EqualKey(const Constant& constant) {
  if (std::holds_alternative<Within>(constant)) return std::nullopt;
  const bool network = std::holds_alternative<Network>(constant);
  return IndexKey{network ? KeyKind::kNetwork : KeyKind::kEqual, constant};
}

std::optional<IndexKey> PrefixKey(const Constant& constant) {
  return TextKey(KeyKind::kPrefix, constant);
}

std::optional<IndexKey> SuffixKey(const Constant& constant) {
  return TextKey(KeyKind::kSuffix, constant);
}

std::optional<IndexKey> PartKey(const Constant& constant) {
  return TextKey(KeyKind::kPart, constant);
}

std::optional<IndexKey> AnyCasePartKey(const Constant& constant) {
  auto text = std::get<std::string>(constant);
  if (text.empty()) return std::nullopt;
  std::ranges::transform(text, text.begin(), LowerAscii);
  return IndexKey{KeyKind::kPartAnyCase, std::move(text)};
}

std::optional<IndexKey> GlobKey(const Constant& constant) {
  const auto& pattern = std::get<std::string>(constant);
  const std::size_t special = pattern.find_first_of("*?[\\");
  if (special == std::string::npos) return IndexKey{KeyKind::kEqual, constant};
  if (special > 0) return IndexKey{KeyKind::kPrefix, pattern.substr(0, special), false};
  const std::string part = LongestLiteral(pattern);
  if (part.empty()) return std::nullopt;
  return IndexKey{KeyKind::kPart, part, false};
}

std::optional<IndexKey> AnyCaseGlobKey(const Constant& constant) {
  const std::string part = LongestLiteral(std::get<std::string>(constant));
  auto key = AnyCasePartKey(part);
  if (key) key->decides = false;
  return key;
}

// The directories before the first glob.
std::optional<IndexKey> PathKey(const Constant& constant) {
  std::string_view pattern = std::get<std::string>(constant);
  std::string path;
  bool literal = true;
  while (literal && !pattern.empty()) {
    const std::string_view component = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(std::min(component.size() + 1, pattern.size()));
    literal = component.find_first_of("*?[\\") == std::string_view::npos;
    if (literal && !component.empty()) path += "/" + std::string(component);
  }
  if (path.empty()) return std::nullopt;
  return IndexKey{KeyKind::kPath, path, literal};
}

}  // namespace nezuban::filter
