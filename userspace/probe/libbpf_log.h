// SPDX-License-Identifier: Apache-2.0
// Where libbpf's messages go. libbpf has one print callback per process, so this has one too.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace nezuban::probe {

// Called with "warn", "info" or "debug" and one line without its end. Any thread that calls into
// this folder; never two at once.
using Logger = std::function<void(std::string_view level, std::string_view line)>;

// Without one, messages are dropped; an empty function takes it back.
void SetLogger(Logger logger);

// While one lives, warnings of this thread go out as "debug": failing is then an answer, not news.
class [[nodiscard]] QuietLog {
 public:
  QuietLog();
  ~QuietLog();
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

  // The first warning since the innermost QuietLog of this thread began, with the verifier's
  // reason if it has given one; empty: none.
  static std::string FirstWarning();

  // The first program that libbpf said was refused, since then; empty: none.
  static std::string RefusedProgram();
};

// What errno says, or what libbpf gave instead: the same with a minus.
std::string ErrnoText(int error);

// The program that a warning of libbpf's says could not be loaded; empty: none. Views `line`.
std::string_view ProgramRefusedIn(std::string_view line);

// The line of a verifier's log, as libbpf prints it, that says what it refused: the last before
// its statistics. Empty: `text` holds no such log. Views `text`.
std::string_view VerifierReason(std::string_view text);

}  // namespace nezuban::probe
