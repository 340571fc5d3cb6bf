// SPDX-License-Identifier: Apache-2.0
#include "filter/program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fields/event_facts.h"
#include "filter/compile.h"
#include "filter/parser.h"

namespace nezuban::filter {
namespace {

Program Compiled(const std::string& condition) {
  std::vector<Problem> problems;
  auto expr = Parse(condition);
  EXPECT_TRUE(expr.has_value()) << condition;
  auto program = Compile(*expr, problems);
  EXPECT_TRUE(program.has_value()) << condition;
  return std::move(*program);
}

TEST(Program, PrintsAsJumps) {
  EXPECT_EQ(Compiled("evt.type = execve and (proc.name = sh or proc.name = bash) and "
                     "not proc.pname = sshd")
                .Dump(),
            "  3: evt.type = execve ? 2 : no\n"
            "  2: proc.name = sh ? 0 : 1\n"
            "  1: proc.name = bash ? 0 : no\n"
            "  0: proc.pname = sshd ? no : yes\n");
  EXPECT_EQ(Compiled("not (proc.pid = 1 and proc.pid = 2)").Dump(),
            "  1: proc.pid = 1 ? 0 : yes\n"
            "  0: proc.pid = 2 ? no : yes\n");
}

TEST(Program, SharesItsTestsWithOthersOfThePool) {
  TestPool pool;
  std::vector<Problem> problems;
  const auto one = Compile(*Parse("proc.name in (a, b) and proc.pid = 1"), problems, pool);
  const auto other = Compile(*Parse("not proc.name in (a,  b)"), problems, pool);
  const auto third = Compile(*Parse("proc.name in (a, c)"), problems, pool);
  EXPECT_EQ(one->steps()[1].test.get(), other->steps()[0].test.get());
  EXPECT_NE(one->steps()[1].test.get(), third->steps()[0].test.get());
}

std::string Names(const Program& program) {
  std::string names;
  for (std::size_t bit = 0; bit < program.events().size(); ++bit) {
    if (!program.events()[bit]) continue;
    if (!names.empty()) names += ' ';
    names +=
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8));
  }
  return names;
}

struct Indexed {
  std::string condition;
  std::string names;
};

TEST(Program, KnowsTheEventsItCanMatch) {
  std::string all;
  for (const event::EventInfo& info : event::EventTable())
    all += (all.empty() ? "" : " ") + std::string(info.names);
  std::string of_sockets;
  for (event::EventType type = 0; type < NR_EVENTS; ++type) {
    if ((fields::kEventsWithSocket >> type & 1) == 0) continue;
    of_sockets += (of_sockets.empty() ? "" : " ") + std::string(event::EventTable()[type].names);
  }
  const Indexed kCases[] = {
      {"evt.type = execve", "execve"},
      {"evt.type in (execve, connect) and proc.name = x", "execve connect"},
      {"evt.type = execve or proc.name = x", all},
      {"proc.name = x", all},
      {"evt.type startswith exec", "execve execveat"},
      {"evt.type startswith dup and not evt.type = dup2", "dup dup3"},
      {"not (evt.type != connect or proc.name = x)", "connect"},
      {"evt.type = pipe2", ""},
      {"evt.type = execve and evt.type = connect", ""},
      // Fields that only some events have.
      {"fd.rport = 10250", of_sockets},
      {"fd.rport = 10250 and evt.type = connect", "connect"},
      {"mount.fstype = proc", "mount move_mount fsmount"},
      {"evt.type = execve and fd.rport = 1", ""},
      {"not fd.rport = 1", all},
      {"evt.type exists", all},
      {"not evt.type exists", ""},
      {"tolower(evt.type) = execve", all},
  };
  for (const Indexed& c : kCases) EXPECT_EQ(Names(Compiled(c.condition)), c.names) << c.condition;
  EXPECT_EQ(Compiled("evt.type in (execveat, connect)").Types().count(), 2U);
}

TEST(Compile, RefusesMacrosThatAreLeft) {
  std::vector<Problem> problems;
  EXPECT_FALSE(Compile(*Parse("proc.pid = 1 and spawned"), problems).has_value());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "undefined macro 'spawned'");
  EXPECT_EQ(problems[0].at, 17U);
}

TEST(Compile, RefusesTreesTooDeep) {
  Expr expr = *Parse("proc.pid = 1");
  for (int i = 0; i < 2000; ++i) expr = Expr{Not{std::make_unique<Expr>(std::move(expr))}};
  std::vector<Problem> problems;
  EXPECT_FALSE(Compile(expr, problems).has_value());
  ASSERT_EQ(problems.size(), 1U);
}

}  // namespace
}  // namespace nezuban::filter
