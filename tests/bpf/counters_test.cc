// SPDX-License-Identifier: Apache-2.0
// Nothing is lost in silence: sequence numbers and counters agree with what was read.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <set>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

void ForkMany(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    REQUIRE_OK(::waitpid(pid, nullptr, 0) == pid);
  }
}

// Records of one lane by CPU, with how many numbers are missing between 0 and `beyond`.
std::uint64_t Missing(const std::deque<Owned>& records, int lane) {
  std::map<std::uint32_t, std::set<std::uint64_t>> numbers;
  for (const Owned& owned : records) {
    const record_header& header = owned.event().header();
    if (header.lane == lane) {
      EXPECT_TRUE(numbers[header.cpu].insert(header.seq).second) << "a number given twice";
    }
  }
  std::uint64_t missing = 0;
  for (const auto& [cpu, seen] : numbers) missing += *seen.rbegin() + 1 - seen.size();
  return missing;
}

TEST(Counters, AgreeWithWhatIsRead) {
  Harness harness(Harness::FewEvents({EVENT_CONNECT}));
  std::deque<Owned> all = harness.ReadAll();
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ForkMany(23);
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  for (Owned& owned : harness.ReadAll()) all.push_back(std::move(owned));
  const probe::SourceCounters counters = harness.source().Counters();
  std::map<int, std::uint64_t> read;
  for (const Owned& owned : all) ++read[owned.event().type()];
  EXPECT_GE(read[EVENT_FORK], 23u);
  EXPECT_GE(read[EVENT_EXIT], 24u);
  // The node lives on between reading the rings and the counters.
  for (int event : {EVENT_FORK, EVENT_EXIT}) {
    const auto& counter = counters[static_cast<std::size_t>(event)];
    EXPECT_GE(counter.submitted, read[event]);
    EXPECT_LE(counter.submitted, read[event] + 50);
    EXPECT_EQ(counter.AllDropped(), 0u);
    EXPECT_EQ(counter.filtered, 0u);
  }
  EXPECT_EQ(Missing(all, LANE_VITAL), 0u);
}

TEST(Counters, FullRingIsCountedAndLeavesAGap) {
  probe::ProbeOptions options = Harness::FewEvents({EVENT_CONNECT});
  options.vital_bytes = 1;  // a page
  Harness harness(options);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ForkMany(101);  // about 300 bytes each
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const probe::SourceCounters full = harness.source().Counters();
  const std::uint64_t dropped =
      full[EVENT_FORK].dropped[DROP_RING_FULL] + full[EVENT_EXIT].dropped[DROP_RING_FULL];
  EXPECT_GE(dropped, 150u);

  // Room again: one more record on each CPU shows how far the numbers went.
  std::deque<Owned> all = harness.ReadAll();
  for (int cpu = 0; cpu < static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)); ++cpu) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(cpu, &set);
      ::sched_setaffinity(0, sizeof set, &set);
      ::_exit(0);
    }
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    for (Owned& owned : harness.ReadAll()) all.push_back(std::move(owned));
  }
  std::uint64_t total = 0;
  for (const probe::EventCounters& counter : harness.source().Counters())
    total += counter.dropped[DROP_RING_FULL];
  EXPECT_GE(total, dropped);
  EXPECT_EQ(Missing(all, LANE_VITAL), total);
}

void ConnectToNobody() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(9);
  REQUIRE_OK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

TEST(Counters, UnwantedEventsAreFilteredOnlyWhereTheyMayBe) {
  Harness harness(Harness::FewEvents({EVENT_CONNECT}));
  harness.source().SetEnabled({});
  const Recorded unwanted = harness.Run([] {
    ForkMany(5);
    for (int i = 0; i < 7; ++i) ConnectToNobody();
  });
  EXPECT_EQ(unwanted.Of<fork_record>().size(), 5u);
  EXPECT_TRUE(unwanted.Of<connect_record>().empty());
  const probe::SourceCounters counters = harness.source().Counters();
  EXPECT_EQ(counters[EVENT_FORK].filtered, 0u);
  // At the exit of a system call that nobody wants no sensor runs, so that none counts.
  const bool behind_dispatcher =
      harness.source().sensors()[EVENT_CONNECT].kind == probe::SensorKind::kTracepoint;
  EXPECT_GE(counters[EVENT_CONNECT].filtered, behind_dispatcher ? 0u : 7u);
  EXPECT_EQ(counters[EVENT_CONNECT].submitted, 0u);

  harness.source().SetEnabled(probe::EventSet().set(EVENT_CONNECT));
  const Recorded wanted = harness.Run([] {
    for (int i = 0; i < 7; ++i) ConnectToNobody();
  });
  EXPECT_EQ(wanted.Of<connect_record>().size(), 7u);
}

// One cgroup's flood is cut off and counted to the record, by cgroup too; others' acts of the bulk
// lane and the flooding cgroup's own of the vital lane keep coming.
TEST(Counters, AFloodCostsItsOwnCgroupOnly) {
  constexpr int kConnects = 20011;
  constexpr std::uint32_t kRate = 100;
  probe::ProbeOptions options = Harness::FewEvents({EVENT_CONNECT});
  options.flood_rate = kRate;
  options.flood_burst = 50;
  Harness harness(options);
  harness.source().SetEnabled(probe::EventSet().set(EVENT_CONNECT));  // one bucket for all of bulk
  const TestCgroup flooding("nezuban-flood");
  const TestCgroup quiet("nezuban-quiet");
  const auto start = std::chrono::steady_clock::now();
  const Recorded recorded = harness.Run([&] {
    flooding.Enter();
    for (int i = 0; i < kConnects; ++i) ConnectToNobody();
    ForkMany(11);
    quiet.Enter();
    for (int i = 0; i < 13; ++i) ConnectToNobody();
  });
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(recorded.Of<fork_record>().size(), 11u);
  std::map<std::uint64_t, std::uint64_t> came;
  for (const auto& connect : recorded.Of<connect_record>()) ++came[connect.header().cgroup_id];
  EXPECT_EQ(came[quiet.id()], 13u);
  EXPECT_GE(came[flooding.id()], 50u);
  EXPECT_LE(came[flooding.id()], 50 + 50 + static_cast<std::uint64_t>(took * kRate) + 1);
  std::uint64_t dropped = 0;
  for (const probe::Flood& flood : harness.source().Floods())
    if (flood.cgroup_id == flooding.id()) dropped = flood.dropped;
  EXPECT_EQ(came[flooding.id()] + dropped, std::uint64_t{kConnects});
  EXPECT_GE(harness.source().Counters()[EVENT_CONNECT].dropped[DROP_FLOOD], dropped);
}

}  // namespace
}  // namespace nezuban::bpf_test
