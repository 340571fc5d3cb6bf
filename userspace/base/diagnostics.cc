// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostics.h"

#include <array>
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

std::string ToString(const Diagnostic& diagnostic) {
  static constexpr std::array<const char*, 3> kNames = {"error", "warning", "note"};
  std::string out = ToString(diagnostic.position);
  if (!out.empty()) out += ": ";
  out += kNames[static_cast<std::size_t>(diagnostic.severity)];
  out += ": " + diagnostic.message;
  if (!diagnostic.hint.empty()) out += ", " + diagnostic.hint;
  return out;
}

std::string Diagnostics::ToString() const {
  std::string out;
  for (const Diagnostic& d : all_) out += Printable(nezuban::ToString(d)) + '\n';
  return out;
}

}  // namespace nezuban
