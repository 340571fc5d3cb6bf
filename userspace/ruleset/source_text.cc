// SPDX-License-Identifier: Apache-2.0
#include "ruleset/source_text.h"

#include <algorithm>

namespace nezuban::ruleset {

Position SourceText::At(std::size_t offset) const {
  if (anchors.empty()) return {};
  auto after = std::ranges::upper_bound(anchors, offset, {}, &Anchor::offset);
  const Anchor& anchor = after == anchors.begin() ? *after : *(after - 1);
  const auto further = offset > anchor.offset ? offset - anchor.offset : 0;
  return {std::string(anchor.file), anchor.line, anchor.column + static_cast<int>(further)};
}

void SourceText::Append(const SourceText& other) {
  text += ' ';
  const auto base = static_cast<std::uint32_t>(text.size());
  for (Anchor anchor : other.anchors) {
    anchor.offset += base;
    anchors.push_back(anchor);
  }
  text += other.text;
}

}  // namespace nezuban::ruleset
