// SPDX-License-Identifier: Apache-2.0
// Small functions on text that more than one folder needs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nezuban {

// POSIX fnmatch without flags: '*' (also matches '/'), '?', '[…]', backslash escapes; whole text.
// Linear in the text for patterns without nested stars; never more than text × pattern steps.
bool GlobMatch(std::string_view pattern, std::string_view text) noexcept;

// The candidate nearest to `word` by edit distance, if it is near enough to be a typing error.
std::optional<std::string_view> Nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// ", did you mean 'x'?" style hint, or empty: "did you mean 'x'?".
std::string NearestHint(std::string_view word, std::span<const std::string_view> candidates);

// ASCII only, whatever the locale.
constexpr char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);

// Length of the valid UTF-8 sequence at the start of `text` (RFC 3629, 4), 1 to 4; 0 if there is
// none. REQUIRES: `text` is not empty.
std::size_t Utf8Length(std::string_view text);

// `text` with U+FFFD for each byte that is not part of a valid sequence (RFC 3629).
std::string ValidUtf8(std::string_view text);

// Text for a terminal or a log: control characters (C1 too), backslash, characters that change the
// direction of what follows, and bytes that are not valid UTF-8 are escaped as \xHH, \n, \t …, so
// that hostile names cannot move the cursor, forge lines or reorder them.
std::string Printable(std::string_view text);

}  // namespace nezuban
