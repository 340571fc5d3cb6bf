// SPDX-License-Identifier: Apache-2.0
// Alerts through the store and the gRPC service to clients in another process. How many a second to
// one, and how long they take, with every alert on disk first, soon after, and in memory only; and
// what a hundred clients get, and keep the one that publishes waiting, of which ten stopped
// reading.
//   stream_bench [--quick]
// Fails if a client that reads misses an alert.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "bench/alerts.h"
#include "bench/readers.h"
#include "rpc/server.h"
#include "store/store.h"
#include "testlib/temp_dir.h"

namespace nezuban::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Effort {
  int readers;
  int stalled;
  int seconds;       // at 1,000 a second
  int burst;         // alerts at once
  int paced;         // alerts, 1,000 a second, to one client
  int rate_seconds;  // at each of the higher rates; 0: none
};
constexpr Effort kFull{100, 10, 60, 50'000, 10'000, 10};
constexpr Effort kQuick{100, 10, 2, 2'000, 500, 0};

constexpr StoreMode kMemory{"memory only", false, alert::Priority::kDebug};
constexpr StoreMode kUsual{"as it is by default", true, alert::Priority::kWarning};

// Every third is one that the disk comes first for.
std::shared_ptr<const alert::Alert> AlertNow(std::uint64_t number) {
  return SomeAlert(number, number % 3 == 0 ? alert::Priority::kWarning : alert::Priority::kNotice,
                   WallClockNs());
}

// A store and a server on it.
class Monitor {
 public:
  Monitor(const StoreMode& mode, std::size_t inbox) {
    store::StoreOptions options;
    options.directory = mode.file ? directory_ / "store" : "";
    options.sync_priority = mode.sync;
    options.inbox_alerts = inbox;
    options.inbox_bytes = std::size_t{1} << 30;
    auto store = store::Store::Open(options);
    CHECK(store && !(mode.file && (*store)->counters().failing));
    store_ = *std::move(store);
    rpc::ServerOptions server{.socket_path = socket(), .tcp_address = ""};
    auto started = rpc::Server::Start(server, *store_, [] { return rpc::NodeStatus(); }, {});
    CHECK(started);
    server_ = *std::move(started);
  }
  ~Monitor() {
    store_->Close();
    server_->Stop();
    server_.reset();
    store_.reset();
  }

  std::string socket() const { return directory_ / "socket"; }
  store::Store& store() { return *store_; }

 private:
  const testlib::TempDir directory_{"/var/tmp"};  // a disk, where /tmp may be memory
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<rpc::Server> server_;
};

// What publishing cost the thread that did it.
struct Publishing {
  std::uint64_t alerts = 0;
  std::int64_t longest_ns = 0;  // by the clock: with the time that others had the core
  std::uint64_t waits = 0;  // calls that gave up the core of themselves: for a lock, a disk, a peer
};

long Switches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

Publishing PublishPaced(store::Store& store, std::uint64_t count, double rate) {
  Publishing result;
  const auto begin = Clock::now();
  for (; result.alerts < count; ++result.alerts) {
    auto alert = AlertNow(result.alerts);
    const long switches = Switches();
    const auto start = Clock::now();
    store.Publish(std::move(alert));
    const auto took = Clock::now() - start;
    result.longest_ns =
        std::max<std::int64_t>(result.longest_ns, took / std::chrono::nanoseconds(1));
    if (Switches() != switches) ++result.waits;
    std::this_thread::sleep_until(
        begin + std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(static_cast<double>(result.alerts + 1) / rate)));
  }
  return result;
}

// Whether each of the readers [first, last) has as many within that time.
bool WaitFor(Board& board, int first, int last, std::uint64_t alerts, milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const auto have = [&](int reader) {
    const ReaderTotals& totals = board.readers[static_cast<std::size_t>(reader)];
    return totals.alerts + totals.lost >= alerts;
  };
  for (int reader = first; reader < last;) {
    if (have(reader)) {
      ++reader;
    } else if (Clock::now() > deadline) {
      return false;
    } else {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  return true;
}

// Readers [first, last) that have exactly these, in order and without a gap.
int Complete(const Board& board, int first, int last, std::uint64_t alerts) {
  return static_cast<int>(std::count_if(
      board.readers.begin() + first, board.readers.begin() + last, [&](const ReaderTotals& r) {
        return r.alerts == alerts && r.lost == 0 && r.disordered == 0;
      }));
}

std::size_t PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (status >> word && word != "VmHWM:") {
  }
  status >> kilobytes;
  return kilobytes >> 10;
}

void ResetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

constexpr std::chrono::minutes kPatience{3};

double BurstRate(const StoreMode& mode, const Effort& effort) {
  Monitor monitor(mode, 1'000'000);
  Readers readers(monitor.socket(), 1, 0);
  const auto count = static_cast<std::uint64_t>(effort.burst);
  std::vector<std::shared_ptr<const alert::Alert>> made;
  for (std::uint64_t i = 0; i < count; ++i) made.push_back(AlertNow(i));
  const auto begin = Clock::now();
  for (auto& alert : made) monitor.store().Publish(std::move(alert));
  CHECK(WaitFor(readers.board(), 0, 1, count, kPatience));
  const std::chrono::duration<double> took = Clock::now() - begin;
  CHECK(Complete(readers.board(), 0, 1, count) == 1);
  return static_cast<double>(count) / took.count();
}

std::vector<std::int64_t> Waits(const StoreMode& mode, const Effort& effort) {
  Monitor monitor(mode, 10'000);
  Readers readers(monitor.socket(), 1, 0);
  const auto count = static_cast<std::uint64_t>(effort.paced);
  PublishPaced(monitor.store(), count, 1000);
  CHECK(WaitFor(readers.board(), 0, 1, count, kPatience));
  std::vector<std::int64_t> waits(readers.board().wait_us.begin(),
                                  readers.board().wait_us.begin() + effort.paced);
  std::ranges::sort(waits);
  return waits;
}

void CompareModes(const Effort& effort) {
  constexpr StoreMode kModes[] = {kMemory,
                                  {"on disk soon", true, alert::Priority::kEmergency},
                                  kUsual,
                                  {"on disk first", true, alert::Priority::kDebug}};
  std::printf("%-20s %9s %6s %9s %6s %9s %6s\n", "to one client", "alerts/s", "ratio", "p50 us",
              "ratio", "p99 us", "ratio");
  double first[3] = {};
  for (const StoreMode& mode : kModes) {
    const auto waits = Waits(mode, effort);
    const double figures[3] = {BurstRate(mode, effort),
                               static_cast<double>(waits[waits.size() / 2]),
                               static_cast<double>(waits[waits.size() * 99 / 100])};
    if (first[0] == 0) std::copy(figures, figures + 3, first);
    std::printf("%-20s", mode.name);
    for (int i = 0; i < 3; ++i) std::printf(" %9.0f %6.2f", figures[i], figures[i] / first[i]);
    std::printf("\n");
  }
}

// To many, some of which read nothing. True if the others have all, at once and without a gap.
bool ServeMany(const Effort& effort, double rate, int seconds, milliseconds patience) {
  Monitor monitor(kUsual, 10'000);
  Readers readers(monitor.socket(), effort.readers, effort.stalled);
  Board& board = readers.board();
  ResetPeak();
  const std::size_t before = PeakMegabytes();
  const double cpu = CpuSeconds();
  const double their_cpu = readers.CpuSeconds();
  const auto begin = Clock::now();
  const auto count = static_cast<std::uint64_t>(rate * seconds);
  const Publishing published = PublishPaced(monitor.store(), count, rate);
  const std::chrono::duration<double> took = Clock::now() - begin;
  const int reading = effort.readers - effort.stalled;
  const bool soon = WaitFor(board, 0, reading, count, patience);
  const int complete = Complete(board, 0, reading, count);
  const double share = 1e6 / static_cast<double>(count) / reading;
  std::printf(
      "%6.0f/s for %d s (%.0f/s were made): %d of %d have all%s; longest Publish %.3f ms, %llu of "
      "%llu "
      "waited; memory %zu MiB, before %zu; CPU us per alert and client: ours %.2f, theirs %.2f\n",
      rate, seconds, static_cast<double>(count) / took.count(), complete, reading,
      soon ? "" : ", late", static_cast<double>(published.longest_ns) / 1e6,
      static_cast<unsigned long long>(published.waits),
      static_cast<unsigned long long>(published.alerts), PeakMegabytes(), before,
      (CpuSeconds() - cpu) * share, (readers.CpuSeconds() - their_cpu) * share);
  const bool kept_pace = static_cast<double>(count) / took.count() > 0.95 * rate;
  CHECK(PeakMegabytes() < before + 400);  // 256 MiB of queues, and what the store keeps
  if (complete < reading || !soon || !kept_pace) return false;
  board.resume = true;  // what the others did not read is in the store still
  CHECK(WaitFor(board, reading, effort.readers, count, kPatience));
  const int late = Complete(board, reading, effort.readers, count);
  std::printf("  the %d that stopped have all but their gaps once they read again; %d have all\n",
              effort.stalled, late);
  return true;
}

// The highest rate that holds: everybody has everything a second after the last.
void FindRate(const Effort& effort) {
  constexpr milliseconds kSoon{1000};
  double holds = 1000;
  double fails = 2000;
  while (ServeMany(effort, fails, effort.rate_seconds, kSoon)) {
    holds = fails;
    fails *= 2;
  }
  while (fails - holds > holds / 8) {
    const double between = (holds + fails) / 2;
    (ServeMany(effort, between, effort.rate_seconds, kSoon) ? holds : fails) = between;
  }
  std::printf("highest rate that holds for %d clients: %.0f/s\n", effort.readers, holds);
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--readers") return RunReaders(argc, argv);
  const bool quick = argc == 2 && std::string_view(argv[1]) == "--quick";
  if (argc > 2 || (argc == 2 && !quick)) {
    std::fprintf(stderr, "usage: stream_bench [--quick]\n");
    return 1;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const Effort& effort = quick ? kQuick : kFull;
  std::printf("%d clients, %d of which stop reading\n", effort.readers, effort.stalled);
  if (!ServeMany(effort, quick ? 200 : 1000, effort.seconds, kPatience)) {
    std::fprintf(stderr, "stream_bench: somebody who reads did not get all\n");
    return 1;
  }
  if (effort.rate_seconds > 0) FindRate(effort);
  CompareModes(effort);
  return 0;
}

}  // namespace
}  // namespace nezuban::bench

int main(int argc, char** argv) { return nezuban::bench::Main(argc, argv); }
