// SPDX-License-Identifier: Apache-2.0
// What the store costs: alerts a second through it to one reader, and how long one takes at 1,000 a
// second, with every alert on disk before it is read, with all of them soon after, and in memory
// only. The numbers are of this disk; the ratios say more.
//   store_bench [DIRECTORY]   a directory of its own is made there; /var/tmp
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/alerts.h"
#include "store/store.h"
#include "testlib/temp_dir.h"

namespace nezuban::store {
namespace {

using Clock = std::chrono::steady_clock;
using bench::StoreMode;

std::shared_ptr<const alert::Alert> AlertNow(int number) {
  return bench::SomeAlert(static_cast<std::uint64_t>(number), alert::Priority::kWarning,
                          Clock::now().time_since_epoch().count());
}

std::unique_ptr<Store> Open(const StoreMode& mode, const std::string& directory) {
  std::filesystem::remove_all(directory);
  StoreOptions options;
  options.directory = mode.file ? directory : "";
  options.sync_priority = mode.sync;
  options.inbox_alerts = 1'000'000;
  options.inbox_bytes = std::size_t{4} << 30;
  options.max_age = std::chrono::hours(24 * 365 * 100);  // their times are those of the uptime
  auto store = Store::Open(options);
  if (!store || (mode.file && (*store)->counters().failing)) std::abort();
  return *std::move(store);
}

// All at once: how fast the store takes them.
double Throughput(const StoreMode& mode, const std::string& directory, int alerts) {
  const auto store = Open(mode, directory);
  const auto reader = *store->OpenReader("", {});
  std::vector<std::shared_ptr<const alert::Alert>> made;
  for (int i = 0; i < alerts; ++i) made.push_back(AlertNow(i));
  const auto begin = Clock::now();
  for (auto& alert : made) store->Publish(std::move(alert));
  std::size_t read = 0;
  while (read < made.size()) read += reader->Next(1000, 1 << 24, std::chrono::seconds(60)).size();
  const std::chrono::duration<double> took = Clock::now() - begin;
  return alerts / took.count();
}

// One every millisecond: how long each is on its way.
std::vector<std::int64_t> Waits(const StoreMode& mode, const std::string& directory, int alerts) {
  const auto store = Open(mode, directory);
  const auto reader = *store->OpenReader("", {});
  std::thread publisher([&] {
    auto next = Clock::now();
    for (int i = 0; i < alerts; ++i) {
      store->Publish(AlertNow(i));
      std::this_thread::sleep_until(next += std::chrono::milliseconds(1));
    }
  });
  std::vector<std::int64_t> waits;
  while (waits.size() < static_cast<std::size_t>(alerts)) {
    const auto entries = reader->Next(1000, 1 << 24, std::chrono::seconds(60));
    const std::int64_t now = Clock::now().time_since_epoch().count();
    for (const Entry& entry : entries) {
      waits.push_back((now - std::get<StoredAlert>(entry).time_ns) / 1000);
    }
  }
  publisher.join();
  std::ranges::sort(waits);
  return waits;
}

int Main(const std::string& base) {
  const testlib::TempDir temporary(base);
  const std::string directory = temporary / "store";
  constexpr StoreMode kModes[] = {
      {"memory only", false, alert::Priority::kDebug},
      {"on disk soon", true, alert::Priority::kEmergency},
      {"on disk first", true, alert::Priority::kDebug},
  };
  constexpr int kAlerts = 50'000;
  constexpr int kPaced = 5'000;
  double first = 0;
  std::printf("%-14s %12s %8s %10s %10s\n", "store", "alerts/s", "ratio", "p50 us", "p99 us");
  for (const StoreMode& mode : kModes) {
    const double rate = Throughput(mode, directory, kAlerts);
    if (first == 0) first = rate;
    const auto waits = Waits(mode, directory, kPaced);
    std::printf("%-14s %12.0f %8.2f %10lld %10lld\n", mode.name, rate, rate / first,
                static_cast<long long>(waits[kPaced / 2]),
                static_cast<long long>(waits[kPaced * 99 / 100]));
  }
  return 0;
}

}  // namespace
}  // namespace nezuban::store

int main(int argc, char** argv) { return nezuban::store::Main(argc > 1 ? argv[1] : "/var/tmp"); }
