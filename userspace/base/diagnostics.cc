// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostics.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/text.h"

namespace nezuban {

void Diagnostics::Error(Position position, std::string message, std::string hint) {
  Add({Severity::kError, std::move(position), std::move(message), std::move(hint)});
}

void Diagnostics::Warning(Position position, std::string message, std::string hint) {
  Add({Severity::kWarning, std::move(position), std::move(message), std::move(hint)});
}

void Diagnostics::Note(Position position, std::string message) {
  Add({Severity::kNote, std::move(position), std::move(message), {}});
}

void Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::kError) ++errors_;
  all_.push_back(std::move(diagnostic));
}

std::string ToString(const Position& position) {
  std::string out = position.file;
  if (position.line == 0) return out;
  if (!out.empty()) out += ':';
  out += std::to_string(position.line);
  if (position.column > 0) out += ':' + std::to_string(position.column);
  return out;
}

std::string_view ToString(Severity severity) {
  static constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<std::size_t>(severity)];
}

bool WantsColour(int fd) { return ::isatty(fd) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string ToString(const Diagnostic& diagnostic) {
  std::string out = ToString(diagnostic.position);
  if (!out.empty()) out += ": ";
  out += std::string(ToString(diagnostic.severity)) + ": " + diagnostic.message;
  if (!diagnostic.hint.empty()) out += ", " + diagnostic.hint;
  return out;
}

namespace {

// What a terminal is told around a piece of text; empty without colours.
struct Paint {
  bool colour;
  std::string operator()(std::string_view code, const std::string& text) const {
    return colour ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
  }
};

constexpr std::string_view kBold = "1";
constexpr std::array<std::string_view, 3> kSeverityColours = {"1;31", "1;35", "1;36"};

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.';
}

// How many columns printable text takes: one a character. Wide ones put the caret too far left.
std::size_t Columns(std::string_view text) {
  std::size_t columns = 0;
  for (char c : text) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return columns;
}

// A line longer than a screen is shown from near the place on.
constexpr std::size_t kBefore = 60;
constexpr std::size_t kShown = 160;

// Back to the start of a UTF-8 sequence.
std::size_t Aligned(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

std::string Excerpt(const Diagnostic& diagnostic, const Paint& paint) {
  const auto column = static_cast<std::size_t>(diagnostic.position.column);
  std::string line = diagnostic.line;
  if (line.empty() || column == 0 || column > line.size() + 1) return {};
  for (char& c : line) c = c == '\t' ? ' ' : c;
  const std::string_view text = line;
  const std::size_t at = column - 1;
  const std::size_t from = at > kShown - kBefore ? Aligned(text, at - kBefore) : 0;
  const std::size_t to = Aligned(text, std::min(text.size(), from + kShown));
  std::size_t end = at + (text.substr(at).starts_with('%') ? 1 : 0);
  while (end < to && IsWordByte(text[end])) ++end;
  const std::string number = std::to_string(diagnostic.position.line);
  std::string out = " " + number + " | " + (from > 0 ? "..." : "") +
                    Printable(text.substr(from, to - from)) + (to < text.size() ? "..." : "");
  const std::size_t indent = Columns(Printable(text.substr(from, at - from))) + (from > 0 ? 3 : 0);
  const std::string mark = "^" + std::string(end > at + 1 ? end - at - 1 : 0, '~');
  return out + "\n" + std::string(number.size() + 1, ' ') + " | " + std::string(indent, ' ') +
         paint("1;32", mark) + "\n";
}

}  // namespace

std::string Explain(const Diagnostic& diagnostic, bool colour) {
  const Paint paint{colour};
  std::string out;
  const std::string place = Printable(ToString(diagnostic.position));
  if (!place.empty()) out += paint(kBold, place + ":") + " ";
  out += paint(kSeverityColours[static_cast<std::size_t>(diagnostic.severity)],
               std::string(ToString(diagnostic.severity)) + ":");
  out += " " + paint(kBold, Printable(diagnostic.message));
  if (!diagnostic.hint.empty()) out += ", " + Printable(diagnostic.hint);
  out += "\n" + Excerpt(diagnostic, paint);
  for (const Remark& remark : diagnostic.remarks) {
    out += "  " + Printable(ToString(remark.position)) + ": " + Printable(remark.message) + "\n";
  }
  return out;
}

void Diagnostics::AttachLines(std::string_view file, std::string_view text) {
  std::map<int, std::vector<Diagnostic*>> wanted;
  for (Diagnostic& one : all_) {
    if (one.position.file == file && one.line.empty()) wanted[one.position.line].push_back(&one);
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  int line = 1;
  for (const auto& [number, problems] : wanted) {
    for (; line < number && !text.empty(); ++line) {
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    if (line != number) continue;
    std::string_view found = text.substr(0, text.find('\n'));
    if (found.ends_with('\r')) found.remove_suffix(1);
    for (Diagnostic* one : problems) one->line = found;
  }
}

std::string Diagnostics::Explain(bool colour) const {
  std::string out;
  for (const Diagnostic& d : all_) out += nezuban::Explain(d, colour);
  return out;
}

std::string Diagnostics::ToString() const {
  std::string out;
  for (const Diagnostic& d : all_) out += Printable(nezuban::ToString(d)) + '\n';
  return out;
}

}  // namespace nezuban
