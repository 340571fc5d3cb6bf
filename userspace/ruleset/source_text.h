// SPDX-License-Identifier: Apache-2.0
// SourceText: text out of a rule file that still knows where each of its bytes stood there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"

namespace nezuban::ruleset {

// From byte `offset` of the text on, bytes stand one after the other in the file from here.
struct Anchor {
  std::uint32_t offset;
  std::string_view file;  // lives as long as the loading does
  int line;
  int column;
};

struct SourceText {
  std::string text;
  std::vector<Anchor> anchors;  // ascending; the first at 0

  Position At(std::size_t offset) const;
  // The file that byte comes from; empty for text that is of no file.
  std::string_view FileAt(std::size_t offset) const;
  Position Start() const { return At(0); }

  // A blank and `other` after it, each byte keeping its place.
  void Append(const SourceText& other);
};

}  // namespace nezuban::ruleset
