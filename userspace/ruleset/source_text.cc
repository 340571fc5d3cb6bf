// SPDX-License-Identifier: Apache-2.0
#include "ruleset/source_text.h"

#include <algorithm>

namespace nezuban::ruleset {

namespace {

// REQUIRES: there are some.
const Anchor& AnchorOf(const std::vector<Anchor>& anchors, std::size_t offset) {
  const auto after = std::ranges::upper_bound(anchors, offset, {}, &Anchor::offset);
  return after == anchors.begin() ? *after : *(after - 1);
}

}  // namespace

std::string_view SourceText::FileAt(std::size_t offset) const {
  return anchors.empty() ? std::string_view() : AnchorOf(anchors, offset).file;
}

Position SourceText::At(std::size_t offset) const {
  if (anchors.empty()) return {};
  const Anchor& anchor = AnchorOf(anchors, offset);
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
