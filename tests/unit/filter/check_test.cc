// SPDX-License-Identifier: Apache-2.0
#include "filter/check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filter/parser.h"

namespace nezuban::filter {
namespace {

struct Case {
  std::string condition;
  Offset at;
  std::string message;
  std::string hint = {};
};

std::vector<Problem> ProblemsOf(const std::string& condition) {
  const auto expr = Parse(condition);
  EXPECT_TRUE(expr.has_value()) << condition << ": " << expr.error().message;
  std::vector<Problem> problems;
  if (expr) Check(*expr, problems);
  return problems;
}

TEST(Check, FindsWhatCantBeRun) {
  const Case kCases[] = {
      {"proc.nmae = cat", 0, "unknown field 'proc.nmae'", "did you mean 'proc.name'?"},
      {"a and proc.nam = cat", 6, "unknown field 'proc.nam'", "did you mean 'proc.name'?"},
      {"proc.name[0] = cat", 0, "field 'proc.name' takes no argument"},
      {"proc.aname[x] = cat", 0, "'x' is not an index of 'proc.aname'"},
      {"evt.arg.fstpye = x", 0, "no event has a parameter 'fstpye'", "did you mean 'type'?"},
      {"evt.arg = 1", 0, "field 'evt.arg' needs an argument: evt.arg.NAME or evt.arg[N]"},
      {"proc.pid = abc", 11, "'abc' is not a decimal number, which proc.pid is compared with"},
      {"proc.pid = 1.5", 11, "'1.5' is not a decimal number, which proc.pid is compared with"},
      {"proc.pid <= 0x14", 12, "'0x14' is not a decimal number, which proc.pid is compared with"},
      {"proc.pid in (20, x)", 17, "'x' is not a decimal number, which proc.pid is compared with"},
      {"evt.failed = 1", 13, "'1' is not true or false, which evt.failed is compared with"},
      {"fd.rip = localhost", 9, "'localhost' is not an IP address, which fd.rip is compared with"},
      {"fd.rip = 8.8.8", 9, "'8.8.8' is not an IP address, which fd.rip is compared with"},
      {"fd.snet = 8.8.8.0/33", 10,
       "'8.8.8.0/33' is not a network like 10.0.0.0/8, which fd.snet is compared with"},
      {"fd.rport = 70000", 11,
       "'70000' is not a port (0 to 65535), which fd.rport is compared with"},
      {"fd.rport = +443", 11,
       "'+443' is not a port or the name of a service, which fd.rport is compared with"},
      {"fd.sip startswith 8", 7, "operator 'startswith' does not go with fd.sip, which is address"},
      {"proc.name = \"a\\x00b\"", 12,
       std::string("'a\0b' is not text without NUL, which proc.name is compared with", 63)},
      {"evt.type = conect", 11, "unknown event 'conect'", "did you mean 'connect'?"},
      {"evt.type in (connect, nosuch_event)", 22, "unknown event 'nosuch_event'"},
      {"proc.name regex '['", 10, "bad regular expression: missing ]: ["},
      {"toupper(proc.pid) = 1", 0, "'toupper()' can't take proc.pid"},
      {"tolower(proc.aname) = x", 0, "'tolower()' can't take proc.aname"},
      {"toupper(fd.types) = x", 0, "'toupper()' can't take fd.types"},
      {"toupper(evt.rawarg.path) = x", 0, "'toupper()' can't take evt.rawarg.path"},
      {"getopt(proc.args, \"a\") in (x)", 0, "'getopt()' can't take proc.args"},
      {"getopt((\"-a\", proc.pid), \"a\") in (x)", 0, "'getopt()' can't take (\"-a\", proc.pid)"},
      {"len((proc.name, proc.aname)) = 2", 16,
       "a list can't hold proc.aname, which has several values"},
      {"fd.types = file", 9, "operator '=' does not go with fd.types, which is a list of text"},
      {"fd.types[0] = file", 12,
       "operator '=' does not go with fd.types[0], which is a list of text"},
      {"getopt((\"-a\"), \"a\") = a", 20,
       "operator '=' does not go with getopt((\"-a\"), \"a\"), which is a list of text"},
      {"evt.buffer bcontains cafe0", 11,
       "'cafe0' is not bytes as pairs of hex digits, like cafe01"},
      {"evt.buffer bcontains cafezabe", 11,
       "'cafezabe' is not bytes as pairs of hex digits, like cafe01"},
      {"evt.buffer regex x", 11, "operator 'regex' does not go with evt.buffer, which is bytes"},
      {"proc.name bcontains 61", 10,
       "operator 'bcontains' does not go with proc.name, which is text"},
      {"fd.sip.name contains x", 12,
       "operator 'contains' does not go with fd.sip.name, which is host name"},
      {"evt.around[1]=x", 14,
       "'x' is not a number of milliseconds, which evt.around[1] is compared with"},
      {"thread.cgroup = x", 0, "field 'thread.cgroup' needs an argument: thread.cgroup[KEY]"},
      {"container.mount.dest = x", 0,
       "field 'container.mount.dest' needs an argument: container.mount.dest[KEY]"},
      {"concat(proc.name) = x", 0, "'concat()' takes 2 or more arguments, not 1"},
      {"join(\"-\", proc.name) = y", 0, "'join()' can't take proc.name"},
      {"join(proc.name, \"x\") = y", 0, "'join()' can't take \"x\""},
      {"proc.name pmatch val(proc.name)", 10, "operator 'pmatch' takes no field on its right"},
      {"proc.name regex val(proc.name)", 10, "operator 'regex' takes no field on its right"},
      {"proc.name = val(proc.pid)", 10, "proc.name is text, val(proc.pid) is number"},
      {"fd.ip = val(fd.cip)", 6, "fd.ip and val(fd.cip) can't be compared with each other"},
  };
  for (const Case& c : kCases) {
    auto problems = ProblemsOf(c.condition);
    std::erase_if(problems, [](const Problem& p) { return p.severity != Severity::kError; });
    ASSERT_EQ(problems.size(), 1U) << c.condition;
    EXPECT_EQ(problems[0].at, c.at) << c.condition;
    EXPECT_EQ(problems[0].message, c.message) << c.condition;
    if (c.condition.find("fstpye") == std::string::npos) {
      EXPECT_EQ(problems[0].hint, c.hint) << c.condition;
    }
  }
}

TEST(Check, FindsEveryProblemInOneGo) {
  EXPECT_EQ(ProblemsOf("proc.a = 1 and (proc.b = 2 or not proc.pid = x)").size(), 3U);
}

TEST(Check, WarnsOfFieldNamesAsText) {
  const auto problems = ProblemsOf("proc.name = proc.pname");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].severity, Severity::kWarning);
  EXPECT_EQ(problems[0].hint, "write val(proc.pname) for its value");
}

// What is a warning says where, and the condition still runs.
TEST(Check, WarnsOfWhatNothingHereCanTell) {
  const Case kCases[] = {
      {"a and proc.fdopencount > 5", 6,
       "field 'proc.fdopencount' is always absent: nothing here can tell it yet"},
      {"tolower(thread.cgroup[cpu]) = x", 8,
       "field 'thread.cgroup[cpu]' is always absent: nothing here can tell it yet"},
      {"proc.pid > val(proc.nthreads)", 15,
       "field 'proc.nthreads' is always absent: nothing here can tell it yet"},
      {"evt.arg.semnum = 1", 0,
       "field 'evt.arg.semnum' is always absent: nothing here can tell it yet"},
      {"evt.type in (connect, semop, semget)", 22,
       "never occurs, because it is not captured yet: semop, semget"},
      {"k8s.svc.name = x", 0, "field 'k8s.svc.name' is deprecated and always absent",
       "Name of the service."},
      {"evt.dir = <", 0, "field 'evt.dir' is deprecated", "Always <; rules of old ask for it."},
      {"proc.name regex bash", 16, "a regular expression is not needed here", "= does the same"},
      {"proc.name regex 'ba.*'", 16, "a regular expression is not needed here",
       "startswith does the same"},
  };
  for (const Case& c : kCases) {
    const auto problems = ProblemsOf(c.condition);
    ASSERT_EQ(problems.size(), 1U) << c.condition;
    EXPECT_EQ(problems[0].severity, Severity::kWarning);
    EXPECT_EQ(problems[0].at, c.at) << c.condition;
    EXPECT_EQ(problems[0].message, c.message) << c.condition;
    EXPECT_EQ(problems[0].hint, c.hint) << c.condition;
  }
  EXPECT_TRUE(ProblemsOf("proc.name regex 'b[ao]sh'").empty());
}

TEST(Check, AcceptsWhatRulesOfTodaySay) {
  for (const char* condition : {
           "evt.type in (connect, execve)",
           "evt.type startswith open",
           "evt.rawres in (0, -115)",
           "evt.arg.flags contains MS_BIND or evt.arg[0] = x",
           "fd.sport = \"\"",
           "proc.duration > 1000",
           "join(\"/\", (proc.name, proc.pid)) = \"cat/20\"",
           "len(proc.args) > 10 and len((proc.name, fd.name)) = 2",
           "proc.exe endswith val(proc.name)",
           "fd.cport < val(fd.sport)",
           "proc.name = tolower(proc.name)",
           "proc.pid > val(proc.ppid)",
       }) {
    EXPECT_TRUE(ProblemsOf(condition).empty())
        << condition << ": " << ProblemsOf(condition)[0].message;
  }
}

}  // namespace
}  // namespace nezuban::filter
