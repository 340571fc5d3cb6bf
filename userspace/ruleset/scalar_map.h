// SPDX-License-Identifier: Apache-2.0
// Where the bytes of a YAML scalar stand in its file, also in folded, literal and quoted ones.
#pragma once

#include <string_view>
#include <vector>

#include "ruleset/source_text.h"

namespace nezuban::ruleset {

// Line and column of byte offsets in a file.
class LineTable {
 public:
  explicit LineTable(std::string_view text);
  Anchor AnchorAt(std::size_t in_file, std::uint32_t in_text, std::string_view file) const;

 private:
  std::vector<std::size_t> starts_;
};

// `value` is what the scalar that starts at byte `start` of `raw` stands for. Where the two can't
// be brought together, all of it is said to stand at `start`.
std::vector<Anchor> MapScalar(std::string_view raw, std::size_t start, std::string_view value,
                              const LineTable& lines, std::string_view file);

}  // namespace nezuban::ruleset
