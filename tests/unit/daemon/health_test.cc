// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "base/unique_fd.h"
#include "daemon/systemd.h"
#include "testlib/temp_dir.h"

namespace nezuban::daemon {
namespace {

using std::chrono::milliseconds;

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

Health::Options Quick(std::function<void()> act, std::function<void()> beat = nullptr) {
  return {milliseconds(20), milliseconds(200), std::move(act), std::move(beat), milliseconds(20)};
}

TEST(Health, WhereNothingHappensItHasSomethingHappen) {
  std::atomic<std::uint64_t> events = 0;
  std::atomic<int> beats = 0;
  const Health health([&] { return events.load(); }, Quick([&] { ++events; }, [&] { ++beats; }));
  ASSERT_TRUE(Eventually([&] { return events > 20; }));
  EXPECT_EQ(health.Problem(), "");
  EXPECT_GT(beats, 0);
}

TEST(Health, ASensorThatDeliversNothingIsTold) {
  std::atomic<int> acts = 0;
  std::atomic<int> beats = 0;
  std::atomic<std::uint64_t> events = 0;
  const Health health([&] { return events.load(); }, Quick([&] { ++acts; }, [&] { ++beats; }));
  ASSERT_TRUE(Eventually([&] { return !health.Problem().empty(); }));
  EXPECT_EQ(health.Problem(), "no event has reached the rules for 0 s");
  EXPECT_GT(acts, 1);
  const int before = beats;
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(beats, before) << "a watchdog must bite";
  ++events;
  EXPECT_TRUE(Eventually([&] { return health.Problem().empty(); }));
}

TEST(Systemd, IsToldWhereItListens) {
  const testlib::TempDir directory;
  const std::string path = directory / "notify";
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(NotifySystemd("READY=1"));
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  EXPECT_TRUE(NotifySystemd("READY=1"));
  std::array<char, 64> text{};
  EXPECT_EQ(::recv(fd.get(), text.data(), text.size(), 0), 7);
  EXPECT_STREQ(text.data(), "READY=1");
  ::setenv("NOTIFY_SOCKET", "relative", 1);
  EXPECT_FALSE(NotifySystemd("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(Systemd, SaysHowOftenItWantsToHear) {
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_FALSE(WatchdogInterval());
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  EXPECT_EQ(WatchdogInterval(), std::chrono::seconds(60));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(WatchdogInterval()) << "meant for another process";
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "60s", 1);
  EXPECT_FALSE(WatchdogInterval());
  ::unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace nezuban::daemon
