// SPDX-License-Identifier: Apache-2.0
// The proof of the calls on names: by the hooks that say what a call acts on, not by its exit
// alone.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "bpf/harness.h"
#include "bpf/raw_probes.h"
#include "event/decode.h"
#include "probe/proof.h"

namespace nezuban::bpf_test {
namespace {

using probe::SensorKind;

constexpr std::array kNameEvents = {EVENT_RENAME, EVENT_UNLINK, EVENT_MKDIR, EVENT_LINK,
                                    EVENT_CHMOD,  EVENT_MKNOD,  EVENT_CHOWN, EVENT_UTIME};

probe::ProbeOptions ProvedNames() {
  probe::ProbeOptions options = Harness::FewEvents();
  for (const event::EventType event : kNameEvents) options.events.set(event);
  options.prove = true;
  return options;
}

// In a child: every mount of it but these is read-only.
void LeaveWritable(const std::set<std::string>& wanted) {
  REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
  REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  std::ifstream mounts("/proc/self/mountinfo");
  std::vector<std::string> points;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string point;
    for (int i = 0; i < 5; ++i) words >> point;
    if (!wanted.contains(point)) points.push_back(point);
  }
  for (const std::string& point : points)  // one may be under another
    (void)::mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
  for (const char* point : {"/", "/dev", "/tmp", "/dev/shm", "/proc", "/sys", "/dev/pts"})
    REQUIRE_OK(wanted.contains(point) || ::access(point, W_OK) != 0);
}

// In a child: the rights that the monitor is deployed with; before 5.11 memory for maps counts
// against a limit that only the last can raise.
void KeepFewRights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  REQUIRE_OK(::syscall(SYS_capget, &header, data) == 0);
  __u32 kept[2] = {};
  for (const int right : {39 /* CAP_BPF */, 38 /* CAP_PERFMON */, CAP_SYS_PTRACE, CAP_SYS_RESOURCE})
    kept[right / 32] |= 1u << (right % 32);
  for (int i = 0; i < 2; ++i) data[i].effective = data[i].permitted &= kept[i];
  REQUIRE_OK(::syscall(SYS_capset, &header, data) == 0);
}

struct Sensor {
  SensorKind kind = SensorKind::kNone;
  bool proved = false;
  std::string why;
};
using SensorsByEvent = std::map<event::EventType, Sensor>;

void Write(int fd, const probe::SensorStatus& sensor) {
  std::ostringstream line;
  line << sensor.event << ' ' << static_cast<int>(sensor.kind) << ' ' << sensor.proved << ' '
       << sensor.why << '\n';
  const std::string text = line.str();
  REQUIRE_OK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

// What becomes of the sensors of a monitor with few rights, to which only these mounts are
// writable.
SensorsByEvent SensorsWhereWritable(const std::set<std::string>& mounts) {
  TempDir dir;
  const std::string file = dir.path() + "/sensors";
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    LeaveWritable(mounts);
    KeepFewRights();
    const auto source = probe::ProbeSource::Open(ProvedNames());
    REQUIRE_OK(source.has_value());
    for (const event::EventType event : kNameEvents) Write(fd, (*source)->sensors()[event]);
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  SensorsByEvent sensors;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    event::EventType event = 0;
    int kind = 0;
    Sensor sensor;
    words >> event >> kind >> sensor.proved;
    std::getline(words, sensor.why);
    sensor.kind = static_cast<SensorKind>(kind);
    sensors.emplace(event, sensor);
  }
  EXPECT_EQ(sensors.size(), kNameEvents.size());
  return sensors;
}

void ExpectProved(const SensorsByEvent& sensors) {
  for (const auto& [event, sensor] : sensors) {
    EXPECT_TRUE(sensor.proved) << event::MainName(event) << ": " << sensor.why;
    EXPECT_NE(sensor.kind, SensorKind::kNone) << event::MainName(event);
    EXPECT_EQ(sensor.why.find("did not come through"), std::string::npos) << sensor.why;
  }
}

TEST(NameActs, NeedNothingWritableButTheTerminalsAndProc) {
  ExpectProved(SensorsWhereWritable({"/proc", "/dev/pts"}));
}

TEST(NameProof, DoesWithoutTerminals) { ExpectProved(SensorsWhereWritable({"/proc", "/sys"})); }

TEST(NameProof, WhereNothingIsWritableItSaysSo) {
  for (const auto& [event, sensor] : SensorsWhereWritable({})) {
    const bool by_names = event != EVENT_CHMOD && event != EVENT_CHOWN && event != EVENT_UTIME;
    const bool possible = sensor.kind == SensorKind::kTracepoint || !by_names;
    EXPECT_NE(sensor.kind, SensorKind::kNone) << event::MainName(event);
    EXPECT_EQ(sensor.proved, possible) << event::MainName(event);
    if (!possible) {
      EXPECT_EQ(sensor.why, " not proved: the act could not be done here")
          << event::MainName(event);
    }
  }
}

// The rows of that kind, or the only ones, without the programs `missing`, as if they never ran.
std::vector<probe::SensorRow> RowsWithout(const std::set<std::string>& missing,
                                          probe::SensorChoice kind) {
  std::vector<probe::SensorRow> rows;
  for (const event::EventType event : {EVENT_EXEC, EVENT_FORK, EVENT_EXIT, EVENT_CGROUP})
    rows.push_back(*probe::SensorsFor(event, kind).front());
  for (const event::EventType event : kNameEvents)
    rows.push_back(*probe::SensorsFor(event, kind).front());
  for (probe::SensorRow& row : rows)
    std::erase_if(row.programs, [&](const probe::ProgramRow& program) {
      return program.optional || missing.contains(program.name);
    });
  return rows;
}

// The events that a proof of these rows proves.
probe::EventSet Prove(const std::vector<probe::SensorRow>& all) {
  std::vector<const probe::SensorRow*> rows;
  for (const probe::SensorRow& row : all) rows.push_back(&row);
  const auto probes = LoadRows(rows);
  if (!probes) return {};
  auto proof = probe::Proof::Start(rows, ::getpid());
  const auto take = [&](std::span<const std::byte> record) {
    if (const auto event = event::Decode(record)) (void)proof->Take(*event);
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (bool finished = false; !finished && std::chrono::steady_clock::now() < deadline;) {
    finished = proof->Finished();
    Drain(*probes, take);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_TRUE(proof->seen()[EVENT_EXIT]);
  return proof->seen();
}

// The record made at the exit comes all the same. Of an event with two hooks one is missing.
TEST(NameProof, AHookThatNeverFiresIsFound) {
  const probe::SensorChoice kind = OneKind();
  const probe::EventSet proved =
      Prove(RowsWithout({"on_path_rename", "on_path_rmdir", "on_path_mkdir", "on_path_symlink",
                         "on_path_chmod", "on_path_mknod", "on_path_chown", "on_vfs_utimes"},
                        kind));
  for (const event::EventType event : kNameEvents)
    EXPECT_EQ(proved[event], kind == probe::SensorChoice::kTracepoint) << event::MainName(event);
}

}  // namespace
}  // namespace nezuban::bpf_test
