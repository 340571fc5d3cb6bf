// SPDX-License-Identifier: Apache-2.0
// The source as a whole: proof, snapshot, the monitor's own acts, waiting.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

using std::chrono::milliseconds;

constexpr int kCapSysPtrace = 19;
constexpr int kCapSysAdmin = 21;
constexpr int kCapSysResource = 24;
constexpr int kCapPerfmon = 38;
constexpr int kCapBpf = 39;

TEST(Proof, SensorsAreProvedAndTheProofIsKeptToItself) {
  probe::ProbeOptions options = Harness::DefaultOptions();
  options.prove = true;
  Harness harness(options);
  const auto& sensors = harness.source().sensors();
  ASSERT_EQ(sensors.size(), static_cast<std::size_t>(NR_EVENTS));
  for (event::EventType event : {EVENT_EXEC, EVENT_FORK, EVENT_EXIT, EVENT_CGROUP}) {
    EXPECT_EQ(sensors[event].event, event);
    EXPECT_EQ(sensors[event].kind, probe::SensorKind::kTracepoint);
    EXPECT_TRUE(sensors[event].proved) << sensors[event].why;
    EXPECT_EQ(sensors[event].why, "");
    EXPECT_NE(sensors[event].hook, "");
  }
  EXPECT_GE(harness.source().Counters()[EVENT_EXEC].submitted, 1u);
  for (const Owned& owned : harness.ReadAll())
    EXPECT_FALSE(owned.event().comm().starts_with("nz-proof")) << owned.event().name();
}

// The proof's records stand among those of others: taken out, they must not look lost.
TEST(Source, TheProofLeavesNoGaps) {
  std::vector<pid_t> busy;
  for (long cpu = 0; cpu < ::sysconf(_SC_NPROCESSORS_ONLN); ++cpu) {
    busy.push_back(::fork());
    if (busy.back() != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
      if (::fork() == 0) ::_exit(0);
      ::wait(nullptr);
    }
  }
  probe::ProbeOptions options = Harness::FewEvents();
  options.prove = true;
  Harness harness(options);
  for (const pid_t pid : busy) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  std::map<std::uint32_t, std::set<std::uint64_t>> numbers;
  for (const Owned& owned : harness.ReadAll()) {
    const record_header& header = owned.event().header();
    if (header.lane == LANE_VITAL) {
      EXPECT_TRUE(numbers[header.cpu].insert(header.seq).second) << "a number given twice";
    }
  }
  EXPECT_FALSE(numbers.empty());
  for (const auto& [cpu, seen] : numbers)
    EXPECT_EQ(*seen.rbegin() + 1 - *seen.begin(), seen.size()) << "cpu " << cpu;
}

TEST(Source, WithoutAProofNothingIsProved) {
  Harness harness;
  EXPECT_FALSE(harness.source().sensors()[EVENT_EXEC].proved);
  EXPECT_NE(harness.source().sensors()[EVENT_EXEC].why, "");
}

TEST(Source, LeavesOutTheMonitorItselfButForItsForks) {
  Harness harness;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  int others = 0;
  int forks = 0;
  for (const Owned& owned : harness.ReadAll()) {
    const record_header& header = owned.event().header();
    others += header.tgid == static_cast<std::uint32_t>(child);
    const bool own = header.tgid == static_cast<std::uint32_t>(::getpid());
    EXPECT_EQ((header.flags & RECORD_OWN) != 0, own);
    if (!own) continue;
    const auto* fork = owned.event().As<fork_record>();
    ASSERT_NE(fork, nullptr) << owned.event().name();
    forks += fork->child_tgid == static_cast<std::uint32_t>(child);
  }
  EXPECT_EQ(others, 1);  // the child's exit
  EXPECT_EQ(forks, 1);   // by which a self-test is known

  probe::ProbeOptions options = Harness::FewEvents();
  options.leave_out_self = false;
  Harness everything(options);
  std::fflush(nullptr);
  const pid_t second = ::fork();
  if (second == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(second, nullptr, 0), second);
  int own = 0;
  for (const Owned& owned : everything.ReadAll())
    own += owned.event().header().tgid == static_cast<std::uint32_t>(::getpid()) &&
           owned.event().type() == EVENT_FORK && owned.event().header().flags == 0;
  EXPECT_EQ(own, 1);
}

TEST(Source, SnapshotHasEveryProcessOnce) {
  TempDir dir;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    REQUIRE_OK(::chdir(dir.path().c_str()) == 0);
    REQUIRE_OK(::write(ends[1], "r", 1) == 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  Harness harness;
  std::set<std::uint32_t> tgids;
  bool found = false;
  const auto count = harness.source().Snapshot([&](std::span<const std::byte> bytes) {
    const Owned owned(bytes);
    const Found<exec_record> process(owned);
    EXPECT_EQ(process.header().sensor, SENSOR_SNAPSHOT);
    EXPECT_TRUE(tgids.insert(process.header().tgid).second);
    EXPECT_TRUE(process.Truncated(process->args));
    if (process.header().tgid != static_cast<std::uint32_t>(child)) return;
    found = true;
    char self[4096] = {};
    EXPECT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
    EXPECT_EQ(process.Text(process->exe), self);
    EXPECT_EQ(process.Text(process->cwd), dir.path());
    EXPECT_EQ(process->ppid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(TicksOf(process.header().start_ns), StartTicks(child));
    EXPECT_EQ(TicksOf(process->parent_start_ns), StartTicks(::getpid()));
  });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, tgids.size());
  EXPECT_TRUE(found);
  EXPECT_TRUE(tgids.contains(static_cast<std::uint32_t>(::getpid())));
}

std::uint64_t CpuNs() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1000000000u +
         static_cast<std::uint64_t>(used.tv_nsec);
}

TEST(Source, PollWaitsItsTimeAndCostsLittle) {
  Harness harness;
  harness.ReadAll();
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t cpu = CpuNs();
  std::size_t records = 0;
  while (std::chrono::steady_clock::now() - start < milliseconds(500)) {
    const auto got = harness.source().Poll(milliseconds(100), [](auto) {});
    ASSERT_TRUE(got);
    records += *got;
  }
  EXPECT_LT(CpuNs() - cpu, 50000000u + records * 100000) << "more than a tenth of a CPU while idle";
}

// A reader that sleeps is woken: by the vital lane and by the bulk lane.
TEST(Source, WhatIsWantedWakesTheReader) {
  constexpr auto kTimeout = std::chrono::seconds(20);
  Harness harness;
  const auto wait_for = [&](event::EventType wanted, const std::function<void()>& act) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::usleep(300'000);  // the reader sleeps by then
      act();
      ::_exit(0);
    }
    const auto start = std::chrono::steady_clock::now();
    bool found = false;
    while (!found && std::chrono::steady_clock::now() - start < kTimeout) {
      const auto polled = harness.source().Poll(kTimeout, [&](std::span<const std::byte> bytes) {
        const auto* header = reinterpret_cast<const record_header*>(bytes.data());
        found |= header->type == wanted && header->tgid == static_cast<std::uint32_t>(child);
      });
      ASSERT_TRUE(polled);
    }
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(found);
    EXPECT_LT(std::chrono::steady_clock::now() - start, kTimeout / 2);
  };
  wait_for(EVENT_EXIT, [] {});
  wait_for(EVENT_CONNECT, [] {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un nowhere{AF_UNIX, "/nowhere"};
    ::connect(fd, reinterpret_cast<const sockaddr*>(&nowhere), sizeof nowhere);
  });
}

struct PrivilegeCase {
  std::vector<int> kept;
  std::string_view error;  // empty: the sensors can be opened
};

// Opens the sensors in a child that has, of the capabilities we have, only these.
std::string OpenWith(const std::vector<int>& kept) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    REQUIRE_OK(::syscall(SYS_capget, &header, data) == 0);
    __u32 wanted[2] = {};
    for (int capability : kept) wanted[capability / 32] |= 1u << (capability % 32);
    for (int i = 0; i < 2; ++i) data[i].effective = data[i].permitted &= wanted[i];
    REQUIRE_OK(::syscall(SYS_capset, &header, data) == 0);
    const auto source = probe::ProbeSource::Open(Harness::FewEvents());
    std::string text = source ? "" : source.error().message;
    if (!source) REQUIRE_OK(source.error().exit_code == 2);
    REQUIRE_OK(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return text;
}

TEST(Source, NamesTheCapabilityThatIsMissing) {
  const PrivilegeCase cases[] = {
      {{}, "missing capability: CAP_BPF and CAP_PERFMON"},
      {{kCapBpf}, "missing capability: CAP_PERFMON"},
      {{kCapPerfmon}, "missing capability: CAP_BPF is"},
      {{kCapSysAdmin, kCapSysResource}, ""},
      // Before 5.11 memory for maps counts against a limit that only CAP_SYS_RESOURCE can raise.
      {{kCapBpf, kCapPerfmon, kCapSysPtrace, kCapSysResource}, ""},
  };
  for (const PrivilegeCase& c : cases) {
    const std::string error = OpenWith(c.kept);
    EXPECT_TRUE(c.error.empty() ? error.empty() : error.starts_with(c.error)) << error;
  }
}

TEST(Source, WatchesNothingButWhatItIsAskedFor) {
  Harness harness(Harness::FewEvents({EVENT_OPEN}));
  for (const probe::SensorStatus& sensor : harness.source().sensors()) {
    const bool watched = sensor.event == EVENT_OPEN || sensor.event == EVENT_EXEC ||
                         sensor.event == EVENT_FORK || sensor.event == EVENT_EXIT ||
                         sensor.event == EVENT_CGROUP;
    EXPECT_EQ(sensor.kind != probe::SensorKind::kNone, watched) << sensor.event;
    EXPECT_EQ(sensor.why == "not asked for", !watched) << sensor.event;
  }
}

// How many links of this process are on that tracepoint.
int LinksOn(const std::string& tracepoint) {
  int links = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);)
      links += line == "tp_name:\t" + tracepoint ? 1 : 0;
  }
  return links;
}

TEST(Source, UnderObjectSensorsNothingRunsAtTheExitOfAllCalls) {
  Harness harness;
  bool at_exit = false;
  for (const probe::SensorStatus& sensor : harness.source().sensors())
    at_exit |= sensor.hook.find("sys_exit") != std::string::npos;
  EXPECT_EQ(LinksOn("sys_exit"), at_exit ? 1 : 0);
  if (Harness::DefaultOptions().sensors == probe::SensorChoice::kObject) {
    EXPECT_FALSE(at_exit);
  }
}

// Two monitors on one node do not disturb each other.
TEST(Source, TwoAtOnce) {
  Harness first;
  Harness second(Harness::FewEvents());
  const Recorded recorded = first.Run([] { ::_exit(0); });
  EXPECT_EQ(recorded.Of<exit_record>().size(), 1u);
  int exits = 0;
  for (const Owned& owned : second.ReadAll())
    exits += owned.event().As<exit_record>() != nullptr &&
             owned.event().header().tgid == static_cast<std::uint32_t>(recorded.child());
  EXPECT_EQ(exits, 1);
}

}  // namespace
}  // namespace nezuban::bpf_test
