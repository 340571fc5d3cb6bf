// SPDX-License-Identifier: Apache-2.0
// Rule tests: x.test.yaml beside x.yaml says which events a rule must match and which not.
//
//   tests:
//     - rule: Reverse shell
//       name: bash with its stdin on a socket
//       match:
//         - {evt.type: execve, proc.exepath: /usr/bin/bash, proc.stdin.type: ipv4}
//       no_match:
//         - {evt.type: execve, proc.exepath: /usr/bin/bash, proc.stdin.type: file}
//
//     - rule: Reverse shell
//       recording: reverse_shell.nzb   # beside the test file
//       alerts: 3                      # that it must give when replayed
//
//     - rule: Port scan                # of one with `after` or `count`
//       sequence:                      # events in order, each at its time
//         - {at: 0s, evt.type: connect, fd.rip: 10.0.0.1}
//         - {at: 500ms, evt.type: connect, fd.rip: 10.0.0.2}
//       alerts: 1                      # that all of them must give
//
// `match` and `no_match` are about the condition alone. In a sequence the rules that have to fire
// before are asked too.
//
// An event is a map of field values; "proc.aname[2]" names one with an argument, a sequence is a
// list, ~ is unknown, and a field that is not named is absent unless it follows from others.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "fields/field_map.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {

// Reads an event given as a map of fields: the text of a YAML or JSON file. False with the reasons
// in `diagnostics`.
bool ReadEventText(std::string_view text, std::string_view file, fields::FieldMap& event,
                   Diagnostics& diagnostics);

struct TestOutcome {
  Position at;  // of the event in the test file
  std::string rule;
  std::string name;     // "bash with its stdin on a socket: match 1"
  std::string failure;  // empty: passed
};

struct TestReport {
  std::vector<TestOutcome> outcomes;
  std::set<std::string> matched;  // rules that some event matched as it had to

  std::size_t failed() const;
};

// How many alerts of a rule the recording at `path` gives. Error: it cannot be read to its end.
using RecordingRunner = std::function<Result<std::uint64_t>(
    const Ruleset& ruleset, const Rule& rule, const std::string& path)>;

// Runs the tests of one file. What is wrong with the file itself goes to `diagnostics`.
void RunTestFile(const Ruleset& ruleset, std::string_view text, std::string_view file,
                 const RecordingRunner& replay, TestReport& report, Diagnostics& diagnostics);

// Runs the test files that `paths` stand for, each with the rules of its directory: a directory, a
// test file, or a rule file with tests beside it. Untested rules are those of these directories
// that no event matched.
struct TestRun {
  TestReport report;
  std::vector<std::string> untested;
};
TestRun RunTests(std::span<const std::string> paths, const RecordingRunner& replay,
                 Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
