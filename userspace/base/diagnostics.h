// SPDX-License-Identifier: Apache-2.0
// Positions and messages for what a user wrote: rule files, config, options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nezuban {

// A place in a file. Lines and columns count from 1; 0 means not known. `offset` counts bytes.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

enum class Severity : std::uint8_t { kError, kWarning, kNote };

// Something more to know of a problem, with the place it speaks of.
struct Remark {
  Position position;
  std::string message;  // "in macro 'm', used here"
};

struct Diagnostic {
  Severity severity = Severity::kError;
  Position position;
  std::string message;
  std::string hint = {};  // "did you mean 'proc.name'?"; may be empty
  std::vector<Remark> remarks = {};
  std::string line = {};  // the text of the line, where it is known
};

// Collects every problem of a stage; the stage after it is entered only without errors.
class Diagnostics {
 public:
  void Error(Position position, std::string message, std::string hint = {});
  void Warning(Position position, std::string message, std::string hint = {});
  void Note(Position position, std::string message);
  void Add(Diagnostic diagnostic);

  bool has_errors() const { return errors_ > 0; }
  int error_count() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // Gives each problem in `file` the line it is on.
  void AttachLines(std::string_view file, std::string_view text);

  // "file:line:column: error: message, hint\n" for each, one after the other; fit for a terminal.
  std::string ToString() const;

  // All of it: Explain of each.
  std::string Explain(bool colour) const;

 private:
  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

std::string ToString(const Position& position);
std::string ToString(const Diagnostic& diagnostic);
std::string_view ToString(Severity severity);

// As a compiler tells it, several lines fit for a terminal: the message, the line with a caret
// under the place, and the remarks.
std::string Explain(const Diagnostic& diagnostic, bool colour);

// Whether `fd` is a terminal, and nobody said NO_COLOR.
bool WantsColour(int fd);

}  // namespace nezuban
