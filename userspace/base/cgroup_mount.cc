// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup_mount.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/text.h"

namespace nezuban {
namespace {

// mountinfo writes blank, tab, newline and backslash as \ooo.
std::string Unescape(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// How much of the hierarchy a mount with that root shows: 0 for a part, else the more the higher.
std::size_t Height(std::string_view root) {
  if (root == "/") return 1;
  const std::vector<std::string_view> parts = Split(root.substr(1), '/');
  const bool upwards = std::ranges::all_of(parts, [](auto part) { return part == ".."; });
  return upwards ? 1 + parts.size() : 0;
}

}  // namespace

std::optional<std::string> FindCgroup2Root(std::string_view mountinfo) {
  // id parent major:minor ROOT MOUNTPOINT options [optional…] - TYPE source super-options
  std::optional<std::string> best;
  std::size_t best_height = 0;
  for (const std::string_view line : Split(mountinfo, '\n')) {
    const std::vector<std::string_view> fields = Split(line, ' ');
    std::size_t dash = 6;
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    if (dash + 1 >= fields.size() || fields[dash + 1] != "cgroup2") continue;
    if (!fields[3].starts_with('/') || !fields[4].starts_with('/')) continue;
    const std::size_t height = Height(fields[3]);
    if (best && height <= best_height) continue;
    best = Unescape(fields[4]);
    best_height = height;
  }
  return best;
}

std::string Cgroup2Root() {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return FindCgroup2Root(text).value_or("");
}

}  // namespace nezuban
