// SPDX-License-Identifier: Apache-2.0
#include "probe/proof.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/cgroup_mount.h"

namespace nezuban::probe {
namespace {

void Report(int fd, event::EventType event) {
  const char byte = static_cast<char>(event);
  [[maybe_unused]] const ssize_t written = ::write(fd, &byte, 1);
}

// Any program will do. Ours, where a container image has no other, ends after --version.
[[noreturn]] void ExecuteSomething(int report_fd) {
  static char* const nothing[] = {nullptr};
  char name[] = "true";
  char self[] = "nezuban";
  char version[] = "--version";
  char* const plain[] = {name, nullptr};
  char* const ours[] = {self, version, nullptr};
  Report(report_fd, EVENT_EXEC);
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; null >= 0 && fd < 3; ++fd) ::dup2(null, fd);
  ::execve("/bin/true", plain, nothing);
  ::execve("/usr/bin/true", plain, nothing);
  ::execve("/proc/self/exe", ours, nothing);
  ::_exit(127);
}

// In the child. A second fork, because the daemon's own acts give no record.
[[noreturn]] void RunActs(std::span<const SensorRow* const> rows, const ProofContext& context,
                          const char* name, int report_fd) {
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const pid_t parent = ::getpid();
  const pid_t actor = ::fork();
  if (actor == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a fork forgets it
    if (::getppid() != parent) ::_exit(0);
    for (const SensorRow* row : rows)
      if (row->act != nullptr && row->act(context)) Report(report_fd, row->event);
    ExecuteSomething(report_fd);
  }
  if (actor > 0) {
    Report(report_fd, EVENT_FORK);
    Report(report_fd, EVENT_EXIT);
    while (::waitpid(actor, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::_exit(0);
}

const path_record* NamesOf(const event::Event& event) {
  if (const auto* node = event.As<node_record>()) return &node->call;
  return event.As<path_record>();
}

bool IsSymlink(const event::Event& event) { return event.name().starts_with("symlink"); }

// Of an event whose calls go two ways through the kernel, each with a hook of its own, which way
// this went. Each has to be proved.
unsigned WayOf(const event::Event& event) {
  const path_record* names = NamesOf(event);
  const bool is_rmdir = event.type() == EVENT_UNLINK &&
                        ((names->flags & AT_REMOVEDIR) != 0 || event.name() == "rmdir");
  const bool second = is_rmdir || (event.type() == EVENT_LINK && IsSymlink(event));
  return second ? 2 : 1;
}

unsigned WaysOf(event::EventType type) {
  return type == EVENT_UNLINK || type == EVENT_LINK ? 1 | 2 : 1;
}

// Whether the sensor's hooks gave the record all that is theirs. The object kind of the calls on
// names has two of them: that at the exit makes a record even where the one inside the call never
// fires.
bool CameThroughHooks(const event::Event& event) {
  const path_record* names = NamesOf(event);
  if (names == nullptr || event.header().sensor != SENSOR_OBJECT) return true;
  const bool has_second = event.type() == EVENT_RENAME || event.type() == EVENT_LINK;
  // What a descriptor is, is known at the exit as well; what a symbolic link says has no path.
  const bool first = IsSymlink(event) || (names->path.len > 0 && names->name.len > 0);
  return first && (!has_second || names->new_path.len > 0);
}

}  // namespace

std::string FreshName(const char* prefix) {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number)
    number = static_cast<std::uint32_t>(::getpid());
  char name[COMM_LEN];
  std::snprintf(name, sizeof name, "%.8s%07x", prefix, number & 0xfffffffu);
  return name;
}

bool ActMakeCgroup(const ProofContext& context) {
  if (context.cgroup_dir.empty() || ::mkdir(context.cgroup_dir.c_str(), 0755) != 0) return false;
  ::rmdir(context.cgroup_dir.c_str());
  return true;
}

Result<Proof> Proof::Start(std::span<const SensorRow* const> rows, pid_t monitor,
                           const std::string& name, bool quiet) {
  ProofContext context;
  context.monitor = monitor;
  context.quiet = quiet;
  if (const std::string mount = Cgroup2Root(); !mount.empty())
    context.cgroup_dir = mount + "/" + name;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return Fail(std::string("pipe: ") + std::strerror(errno));
  UniqueFd reports(ends[0]);
  UniqueFd report_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return Fail(std::string("fork: ") + std::strerror(errno));
  if (child == 0) RunActs(rows, context, name.c_str(), report_end.get());
  return Proof(child, std::move(reports));
}

Proof::Proof(Proof&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      reports_(std::move(other.reports_)),
      processes_(std::move(other.processes_)),
      ways_(other.ways_),
      seen_(other.seen_),
      attempted_(other.attempted_) {}

Proof::~Proof() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Proof::Take(const event::Event& event) {
  const record_header& header = event.header();
  const bool ours =
      (header.flags & RECORD_OWN) != 0 || processes_.contains({header.tgid, header.start_ns});
  if (!ours) return false;
  if (const auto* fork = event.As<fork_record>())
    processes_.emplace(fork->child_tgid, fork->child_start_ns);
  if (!CameThroughHooks(event)) return true;
  const event::EventType type = event.type();
  ways_[type] |= WayOf(event);
  if (ways_[type] == WaysOf(type)) seen_.set(type);
  return true;
}

bool Proof::Finished() {
  ReadReports();
  if (child_ <= 0) return true;
  const pid_t reaped = ::waitpid(child_, nullptr, WNOHANG);
  if (reaped != child_ && !(reaped < 0 && errno == ECHILD)) return false;
  child_ = -1;
  ReadReports();
  return true;
}

void Proof::ReadReports() {
  char byte = 0;
  while (::read(reports_.get(), &byte, 1) == 1) {
    const auto event = static_cast<unsigned char>(byte);
    if (event < NR_EVENTS) attempted_.set(event);
  }
}

}  // namespace nezuban::probe
