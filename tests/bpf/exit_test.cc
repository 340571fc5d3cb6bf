// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <thread>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

void NoCoreFile() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

struct ExitCase {
  const char* what;
  void (*act)();
};

TEST(Exit, StatusIsWhatWaitSays) {
  Harness harness;
  const ExitCase cases[] = {
      {"success", [] {}},
      {"a code", [] { ::_exit(3); }},
      {"a large code", [] { ::_exit(255); }},
      {"killed", [] { ::kill(::getpid(), SIGKILL); }},
      {"terminated", [] { ::kill(::getpid(), SIGTERM); }},
      {"a crash", [] { NoCoreFile(), ::kill(::getpid(), SIGSEGV); }},
      {"exit_group from a thread", [] { std::thread([] { ::_exit(7); }).join(); }},
      {"killed with threads",
       [] {
         std::thread([] { ::pause(); }).detach();
         ::kill(::getpid(), SIGKILL);
       }},
      {"the leader first",
       [] {
         std::thread([] {
           ::usleep(50000);
           ::syscall(SYS_exit, 5);
         }).detach();
         ::syscall(SYS_exit, 9);
       }},
  };
  for (const ExitCase& c : cases) {
    int status = -1;
    const Recorded recorded = harness.Run(c.act, status);
    const auto exits = recorded.Of<exit_record>();
    ASSERT_EQ(exits.size(), 1u) << c.what;
    EXPECT_EQ(exits[0]->exit_code & 0xff7f, status & 0xff7f) << c.what;
    EXPECT_EQ(exits[0].header().tgid, static_cast<std::uint32_t>(recorded.child())) << c.what;
    EXPECT_EQ(exits[0].header().size, sizeof(exit_record));
    EXPECT_EQ(exits[0].header().sensor, SENSOR_TRACEPOINT);
  }
}

// Threads that end at the same moment each find that nobody is live.
TEST(Exit, OnceHoweverManyThreadsEndTogether) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    for (int i = 0; i < 101; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        for (int thread = 0; thread < 7; ++thread)
          std::thread([] { ::syscall(SYS_exit, 0); }).detach();
        ::syscall(SYS_exit, 0);
      }
      REQUIRE_OK(::waitpid(pid, nullptr, 0) == pid);
    }
  });
  std::map<std::uint64_t, int> exits;
  for (const auto& exit : recorded.Of<exit_record>()) ++exits[exit.header().start_ns];
  EXPECT_EQ(exits.size(), 102u);
  for (const auto& [start, count] : exits) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace nezuban::bpf_test
