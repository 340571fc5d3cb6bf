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
#include "testlib/eventually.h"
#include "testlib/temp_dir.h"

namespace nezuban::daemon {
namespace {

using std::chrono::milliseconds;
using testlib::Eventually;

Health::Options Quick(std::function<void()> beat = nullptr) {
  return {milliseconds(20), milliseconds(1500), std::move(beat), milliseconds(20), nullptr};
}

// Sensors of open and connect, of which each can fail.
struct Sensors {
  std::atomic<std::uint64_t> opens = 0;
  std::atomic<std::uint64_t> connects = 0;
  std::atomic<bool> connect_works = true;

  probe::EventSet Test() {
    ++opens;
    if (connect_works) ++connects;
    probe::EventSet tested;
    tested[EVENT_OPEN] = tested[EVENT_CONNECT] = true;
    return tested;
  }
  Health::Counts Counts() const {
    Health::Counts counts{};
    counts[EVENT_OPEN] = opens;
    counts[EVENT_CONNECT] = connects;
    return counts;
  }
  Health Watch(Health::Options options) {
    return Health([this] { return Test(); }, [this] { return Counts(); }, std::move(options));
  }
};

TEST(Health, TestsItselfWhereNothingHappens) {
  Sensors sensors;
  std::atomic<int> beats = 0;
  const Health health = sensors.Watch(Quick([&] { ++beats; }));
  ASSERT_TRUE(Eventually([&] { return sensors.opens > 20; }));
  EXPECT_EQ(health.Problem(), "");
  EXPECT_LT(health.Age(), milliseconds(1500));
  EXPECT_GT(beats, 0);
}

TEST(Health, ASensorThatDeliversNothingIsNamed) {
  Sensors sensors;
  sensors.connect_works = false;
  std::atomic<int> beats = 0;
  std::atomic<int> problems = 0;
  std::atomic<int> recoveries = 0;
  Health::Options options = Quick([&] { ++beats; });
  options.on_change = [&](const std::string& problem) {
    ++(problem.empty() ? recoveries : problems);
  };
  const Health health = sensors.Watch(std::move(options));
  ASSERT_TRUE(Eventually([&] { return problems == 1; }));
  EXPECT_EQ(health.Problem(), "the self-test's events no longer reach the rules: connect");
  EXPECT_GT(health.Age(), milliseconds(1500));
  EXPECT_EQ(recoveries, 0);
  const int before = beats;
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LE(beats, before + 1) << "a watchdog must bite";
  sensors.connect_works = true;
  EXPECT_TRUE(Eventually([&] { return recoveries == 1; }));
  EXPECT_EQ(health.Problem(), "");
  EXPECT_EQ(problems, 1);
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
