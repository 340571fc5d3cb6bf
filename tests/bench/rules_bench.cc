// SPDX-License-Identifier: Apache-2.0
// What an event costs by the number of rules: nanoseconds of CPU time, and the ratio to 1 and to
// 100 rules of the same run (times of different machines, or hours, cannot be compared).
//
//   rules_bench [--quick]   quick: few rules and events, only to see that it works
//
// Exits with 1 if the rules don't load, or if the events don't match what they were made to match.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/varied_rules.h"
#include "ruleset/ruleset.h"
#include "testlib/record_builder.h"

namespace nezuban::bench {
namespace {

struct Effort {
  std::vector<int> sizes;
  int rounds;
  int events;  // of a round
};
const Effort kFull{{1, 10, 100, 1'000, 10'000}, 15, 20'000};
const Effort kQuick{{1, 10, 100}, 2, 200};

double CpuNs() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

testlib::Record ExecOf(std::uint32_t tgid, std::string_view name, std::uint32_t ppid,
                       std::string_view args) {
  auto exec = testlib::Exec({.tgid = tgid, .comm = name}, "/usr/bin/" + std::string(name),
                            testlib::Argv({name, args}), "/var/work");
  exec->ppid = ppid;
  exec->exe_file.ino = 4711;
  return exec.Build();
}

// For writing.
testlib::Record OpenOf(std::uint32_t tgid, std::string_view path) {
  testlib::Draft<open_record> open({.tgid = tgid, .comm = "daemon"});
  open->file.ino = 4712;
  open->file.nlink = 1;
  open->file.mode = S_IFREG | 0644;
  open->flags = O_WRONLY;
  open->dirfd = AT_FDCWD;
  open->result = 5;
  return open.Text(open->path, path).Text(open->name, path).Text(open->dir, "").Build();
}

testlib::Record ConnectTo(std::uint32_t tgid, std::array<std::uint8_t, 4> address) {
  testlib::Draft<connect_record> connect({.tgid = tgid, .comm = "daemon"});
  connect->ends.family = AF_INET;
  connect->ends.type = SOCK_STREAM;
  connect->ends.protocol = 6;
  connect->ends.local_port = 40'000;
  connect->ends.remote_port = 443;
  connect->fd = 5;
  std::memcpy(connect->ends.remote_addr, address.data(), address.size());
  return connect.Text(connect->path, "").Build();
}

// An event as the matching sees it, and what it refers to.
struct Prepared {
  testlib::Record record;
  event::Event event;
  const state::Process* process;
};

// Acts of a container's processes, which have five ancestors.
class Acts {
 public:
  Acts() {
    container_.id = "3ad7b26ded6d";
    container_.full_id = "3ad7b26ded6dffffffff";
    container_.runtime = "runc";
    constexpr std::string_view kChain[] = {"init", "supervisor", "launcher", "runner", "daemon"};
    for (std::uint32_t i = 0; i < std::size(kChain); ++i) {
      Add(ExecOf(1 + i, kChain[i], i, "--config=/etc/service/main.conf"));
    }
    acts_.clear();
  }

  void Add(const testlib::Record& record) {
    Prepared& act = acts_.emplace_back(Prepared{record, record.event(), nullptr});
    act.event = act.record.event();
    act.process = &processes_.Apply(act.event, 0);
  }

  void MatchAll(const ruleset::Ruleset& rules, ruleset::Matching& matching,
                const ruleset::Ruleset::AlertHandler& handler) const {
    for (const Prepared& act : acts_) {
      rules.Match({act.event, act.process, &container_, &container_, processes_, 0}, matching,
                  handler);
    }
  }

  std::size_t size() const { return acts_.size(); }

 private:
  state::ProcessTable processes_;
  state::Container container_;
  std::deque<Prepared> acts_;
};

// Eight that match nothing, no two alike, so that not everything is in the cache.
void AddOrdinary(Kind kind, Acts& acts) {
  for (std::uint8_t i = 0; i < 8; ++i) {
    const std::string name = "worker-" + std::to_string(i);
    const std::string path = "/var/lib/service/" + name;
    acts.Add(kind == Kind::kExec   ? ExecOf(100u + i, name, 5, "--input=" + path)
             : kind == Kind::kOpen ? OpenOf(5, path)
                                   : ConnectTo(5, {203, 0, 113, i}));
  }
}

// One that rule 0 alone matches.
void AddMatching(Kind kind, Acts& acts) {
  acts.Add(kind == Kind::kExec   ? ExecOf(100, "tool0", 5, "--input=/var/lib")
           : kind == Kind::kOpen ? OpenOf(5, "/etc/app0/main.conf")
                                 : ConnectTo(5, {10, 0, 0, 7}));
}

// The rules of one size.
struct Loaded {
  int count;
  std::shared_ptr<const ruleset::Ruleset> rules;
  double load_ms;
  std::unique_ptr<ruleset::Matching> matching;
  double best_ns = 1e18;
};

// nullptr in `rules` if they don't load; says why.
Loaded Load(Kind kind, int count) {
  Diagnostics diagnostics;
  const std::vector<ruleset::Ruleset::File> files = {{"varied", VariedRules(kind, count)}};
  const double start = CpuNs();
  Loaded loaded{count, ruleset::Ruleset::FromFiles(files, diagnostics), 0,
                std::make_unique<ruleset::Matching>(ruleset::NodeIdentity{"bench", "boot"})};
  loaded.load_ms = (CpuNs() - start) / 1e6;
  if (loaded.rules == nullptr) std::fprintf(stderr, "%s\n", diagnostics.ToString().c_str());
  return loaded;
}

// The best of the rounds, the sizes taking turns: what else the machine does only adds. False if
// the alerts are not as many as `alerts_each` says.
bool Measure(const Acts& acts, std::vector<Loaded>& sizes, const Effort& effort, int alerts_each) {
  std::uint64_t alerts = 0;
  const ruleset::Ruleset::AlertHandler handler = [&](const alert::Alert&) { ++alerts; };
  const int passes = std::max(1, effort.events / static_cast<int>(acts.size()));
  const auto wanted =
      static_cast<std::uint64_t>(passes) * acts.size() * static_cast<std::uint64_t>(alerts_each);
  for (Loaded& loaded : sizes) loaded.best_ns = 1e18;
  for (int round = 0; round < effort.rounds; ++round) {
    for (Loaded& loaded : sizes) {
      alerts = 0;
      const double start = CpuNs();
      for (int i = 0; i < passes; ++i) acts.MatchAll(*loaded.rules, *loaded.matching, handler);
      const double events = static_cast<double>(passes) * static_cast<double>(acts.size());
      loaded.best_ns = std::min(loaded.best_ns, (CpuNs() - start) / events);
      if (alerts == wanted) continue;
      std::fprintf(stderr, "%d rules: %zu alerts, not %zu\n", loaded.count,
                   static_cast<std::size_t>(alerts), static_cast<std::size_t>(wanted));
      return false;
    }
  }
  return true;
}

void Print(std::string_view what, const std::vector<Loaded>& sizes) {
  const auto hundred = std::ranges::find(sizes, 100, &Loaded::count);
  for (const Loaded& loaded : sizes) {
    std::printf("%-20.*s %6d %9.0f ns %7.2f x 1 %7.2f x 100 %8.0f ms to load\n",
                static_cast<int>(what.size()), what.data(), loaded.count, loaded.best_ns,
                loaded.best_ns / sizes[0].best_ns, loaded.best_ns / hundred->best_ns,
                loaded.load_ms);
  }
}

bool Run(Kind kind, const std::string& name, const Effort& effort) {
  std::vector<Loaded> sizes;
  for (const int count : effort.sizes) {
    sizes.push_back(Load(kind, count));
    if (sizes.back().rules == nullptr) return false;
  }
  Acts ordinary;
  AddOrdinary(kind, ordinary);
  if (!Measure(ordinary, sizes, effort, 0)) return false;
  Print(name + ", no match", sizes);
  Acts matching;
  AddMatching(kind, matching);
  if (!Measure(matching, sizes, effort, 1)) return false;
  Print(name + ", one match", sizes);
  return true;
}

// What a match costs a rule that counts, or comes after another, among that many groups.
void MeasureCorrelation(const Effort& effort) {
  constexpr std::uint64_t kWithinNs = 10'000'000'000;
  for (const int groups : {1, 100, 4000}) {
    double best[3] = {1e18, 1e18, 1e18};
    for (int round = 0; round < effort.rounds; ++round) {
      ruleset::Correlator earlier;
      const auto each = [&](int what, const auto& act) {
        const double start = CpuNs();
        for (int i = 0; i < effort.events; ++i) {
          act(ruleset::GroupKey{"container-" + std::to_string(i % groups)},
              static_cast<std::uint64_t>(i) * 1'000'000, std::to_string(i % 97));
        }
        best[what] = std::min(best[what], (CpuNs() - start) / effort.events);
      };
      each(0, [&](const auto& key, std::uint64_t time, const std::string& value) {
        earlier.Count(1, key, {time, value}, {50, kWithinNs, true});
      });
      each(1, [&](const auto& key, std::uint64_t time, const std::string& value) {
        earlier.Remember(2, key, {time, value}, kWithinNs);
      });
      each(2, [&](const auto& key, std::uint64_t time, const std::string&) {
        earlier.Recall(2, key, time, kWithinNs);
      });
    }
    std::printf("%-20s %6d groups: counted %.0f ns, remembered %.0f ns, recalled %.0f ns\n",
                "more than one event", groups, best[0], best[1], best[2]);
  }
}

int Main(int argc, char** argv) {
  const bool quick = argc == 2 && std::string_view(argv[1]) == "--quick";
  if (argc > 2 || (argc == 2 && !quick)) {
    std::fprintf(stderr, "usage: rules_bench [--quick]\n");
    return 1;
  }
  const Effort& effort = quick ? kQuick : kFull;
  const bool fine = Run(Kind::kExec, "exec", effort) && Run(Kind::kOpen, "open", effort) &&
                    Run(Kind::kConnect, "connect", effort);
  if (fine) MeasureCorrelation(effort);
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace nezuban::bench

int main(int argc, char** argv) { return nezuban::bench::Main(argc, argv); }
