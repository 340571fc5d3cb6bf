// SPDX-License-Identifier: Apache-2.0
// Which record wakes the reader, by what the reader says it is doing.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

#include "bpf/raw_probes.h"

namespace nezuban::bpf_test {
namespace {

std::unique_ptr<probe::LoadedProbes> LoadExecAndConnect() {
  std::vector<const probe::SensorRow*> rows;
  for (const event::EventType event :
       {EVENT_EXEC, EVENT_FORK, EVENT_EXIT, EVENT_CGROUP, EVENT_CONNECT})
    rows.push_back(probe::SensorsFor(event, OneKind()).front());
  return LoadRows(rows);
}

void Child(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    act();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void ExecTrue() {
  Child([] { ::execl("/proc/self/exe", "nz-wake", "--version", nullptr); });
}

void ConnectNowhere() {
  Child([] {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un nowhere{AF_UNIX, "/nowhere"};
    (void)::connect(fd, reinterpret_cast<const sockaddr*>(&nowhere), sizeof nowhere);
  });
}

struct WakeCase {
  const char* name;
  event::EventType wakes;
  void (*act)();
  std::uint32_t state;
  bool woken;
};

class Wake : public testing::TestWithParam<WakeCase> {
 protected:
  static void SetUpTestSuite() { probes = LoadExecAndConnect(); }
  static void TearDownTestSuite() { probes.reset(); }
  static inline std::unique_ptr<probe::LoadedProbes> probes;
};

// Others on the machine act, too: what wakes nobody has to be seen once among a few times.
TEST_P(Wake, Reader) {
  constexpr int kTries = 20;
  ASSERT_TRUE(probes);
  probe::EventSet events;
  events.set(GetParam().wakes);
  probes->SetEnabled(events, events);
  const auto state = probes->reader_state();
  const std::uint32_t expected = GetParam().woken ? std::uint32_t{READER_AWAKE} : GetParam().state;
  std::uint32_t found = NR_EVENTS;
  for (int i = 0; i < kTries && found != expected; ++i) {
    Drain(*probes, [](auto) {});  // much in them would wake the reader from any state
    state.store(GetParam().state);
    GetParam().act();
    found = state.load();
  }
  EXPECT_EQ(found, expected);
}

INSTANTIATE_TEST_SUITE_P(
    States, Wake,
    testing::Values(WakeCase{"VitalAsleep", EVENT_EXEC, ExecTrue, READER_SLEEPS, true},
                    WakeCase{"VitalDozing", EVENT_EXEC, ExecTrue, READER_DOZES, true},
                    WakeCase{"VitalNapping", EVENT_EXEC, ExecTrue, READER_NAPS, false},
                    WakeCase{"BulkAsleep", EVENT_CONNECT, ConnectNowhere, READER_SLEEPS, true},
                    WakeCase{"BulkDozing", EVENT_CONNECT, ConnectNowhere, READER_DOZES, false},
                    WakeCase{"UnwantedAsleep", EVENT_CONNECT, ExecTrue, READER_SLEEPS, false}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace nezuban::bpf_test
