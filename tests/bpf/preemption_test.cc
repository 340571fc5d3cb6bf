// SPDX-License-Identifier: Apache-2.0
// Programs that are preempted while they fill a record share their CPU's scratch with those that
// run meanwhile: on kernels with preempt=full, which tests/kernel/guests boots one with. What is
// missing there are recursion misses: the kernel runs no program that is preempted on that CPU.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <vector>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

constexpr int kWorkers = 8;  // some on each CPU
constexpr int kRounds = 60;
constexpr std::size_t kActs = std::size_t{kWorkers} * kRounds;

bool FileHas(const char* path, const char* text) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str().find(text) != std::string::npos;
}

// What only that process passes, and long enough to take its time.
std::string Mark(std::uint32_t tgid) {
  std::string mark = "/nz-preempted";
  for (int i = 0; i < 200; ++i) mark += "/" + std::to_string(tgid);
  return mark;
}

void Work(const std::string& program) {
  for (int i = 0; i < kRounds; ++i) {
    const pid_t child = ::fork();
    REQUIRE_OK(child >= 0);
    if (child == 0) {
      const std::string mark = Mark(static_cast<std::uint32_t>(::getpid()));
      REQUIRE_OK(::open(mark.c_str(), O_RDONLY) < 0);
      Exec(program, {mark});
    }
    int status = 0;
    REQUIRE_OK(::waitpid(child, &status, 0) == child && status == 0);
  }
}

std::vector<pid_t> StartWorkers(const std::string& program, const std::string& cwd) {
  std::fflush(nullptr);
  std::vector<pid_t> workers(kWorkers);
  for (pid_t& worker : workers) {
    worker = ::fork();
    if (worker != 0) continue;
    REQUIRE_OK(::chdir(cwd.c_str()) == 0);
    Work(program);
    ::_exit(0);
  }
  return workers;
}

bool AllEnded(std::vector<pid_t>& workers) {
  std::erase_if(workers, [](pid_t worker) {
    int status = 0;
    if (::waitpid(worker, &status, WNOHANG) == 0) return false;
    EXPECT_EQ(status, 0);
    return true;
  });
  return workers.empty();
}

// What was read of both acts: by whom. Each must say just what that process passed.
struct Seen {
  std::set<std::uint32_t> execs;
  std::set<std::uint32_t> opens;

  void Add(const Owned& owned) {
    const event::Event event = owned.event();
    const std::uint32_t tgid = event.header().tgid;
    if (event.As<exec_record>() != nullptr) {
      const Found<exec_record> exec(owned);
      const std::string args = exec.Text(exec->args);
      if (!args.starts_with("/nz-preempted")) return;
      EXPECT_EQ(args, Mark(tgid) + '\0');
      EXPECT_TRUE(execs.insert(tgid).second);
    } else if (event.As<open_record>() != nullptr) {
      const Found<open_record> open(owned);
      const std::string name = open.Text(open->name);
      if (!name.starts_with("/nz-preempted")) return;
      EXPECT_EQ(name, Mark(tgid));
      EXPECT_TRUE(opens.insert(tgid).second);
    }
  }
};

TEST(Preemption, RecordsStayWholeAndNothingIsLostInSilence) {
  if (FileHas("/proc/cmdline", "preempt=full")) {
    ASSERT_TRUE(FileHas("/sys/kernel/debug/sched/preempt", "(full)"));
  }
  const TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const probe::SourceCounters before = harness.source().Counters();
  std::vector<pid_t> workers = StartWorkers(program, dir.path());
  Seen seen;
  const auto add = [&](std::span<const std::byte> bytes) { seen.Add(Owned(bytes)); };
  for (bool ended = false; !ended;) {
    ended = AllEnded(workers);
    ASSERT_TRUE(harness.source().Poll(std::chrono::milliseconds(20), add));
    // The iterator, of many processes, is preempted by their execs.
    ASSERT_TRUE(harness.source().Snapshot([&](std::span<const std::byte> bytes) {
      const Owned owned(bytes);
      const Found<exec_record> process(owned);
      if (process.Text(process->exe) == program) {
        EXPECT_EQ(process.Text(process->cwd), dir.path());
      }
    }));
  }
  for (const Owned& owned : harness.ReadAll()) seen.Add(owned);
  const probe::SourceCounters after = harness.source().Counters();
  for (const auto& [event, found] :
       {std::pair(EVENT_EXEC, seen.execs.size()), std::pair(EVENT_OPEN, seen.opens.size())}) {
    const std::uint64_t dropped = after[event].AllDropped() - before[event].AllDropped();
    const std::uint64_t recursion =
        after[event].dropped[DROP_RECURSION] - before[event].dropped[DROP_RECURSION];
    std::cout << event::MainName(event) << ": " << found << " of " << kActs << " found, " << dropped
              << " dropped, " << recursion << " of these recursion misses\n";
    EXPECT_GE(found + dropped, kActs);  // of opens at sys_exit, misses of any call count
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
