// SPDX-License-Identifier: Apache-2.0
#include "bpf/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/cgroup_mount.h"
#include "base/check.h"
#include "event/decode.h"

namespace nezuban::bpf_test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{60000};

// An ELF header, one program header, and the code.
struct TinyElf {
  std::uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  std::uint16_t type = 2;  // ET_EXEC
#if defined(__aarch64__)
  std::uint16_t machine = 183;
#else
  std::uint16_t machine = 62;
#endif
  std::uint32_t version = 1;
  std::uint64_t entry = 0x400078;
  std::uint64_t phoff = 64;
  std::uint64_t shoff = 0;
  std::uint32_t flags = 0;
  std::uint16_t ehsize = 64, phentsize = 56, phnum = 1, shentsize = 0, shnum = 0, shstrndx = 0;
  std::uint32_t p_type = 1, p_flags = 5;
  std::uint64_t p_offset = 0, p_vaddr = 0x400000, p_paddr = 0x400000;
  std::uint64_t p_filesz = 0x84, p_memsz = 0x84, p_align = 0x1000;
#if defined(__aarch64__)
  std::uint32_t code[3] = {0xd2800ba8, 0xd2800000, 0xd4000001};  // x8 = 93; x0 = 0; svc 0
#else
  // mov eax, 60; xor edi, edi; syscall; and padding
  std::uint8_t code[12] = {0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 0xf4, 0xf4, 0xf4};
#endif
};
static_assert(sizeof(TinyElf) >= 0x84);

std::unique_ptr<probe::ProbeSource> OpenOrExit(const probe::ProbeOptions& options) {
  probe::SetLogger([](std::string_view level, std::string_view line) {
    if (level == "warn") std::cerr << line << '\n';
  });
  auto source = probe::ProbeSource::Open(options);
  if (source) return std::move(*source);
  std::cerr << "the sensors cannot run here: " << source.error().message << '\n';
  std::exit(1);
}

}  // namespace

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "in the child: %s: %s\n", what, std::strerror(errno));
  ::_exit(99);
}

event::Event Owned::event() const {
  const auto event = event::Decode(record_.bytes());
  CHECK(event.has_value());
  return *event;
}

probe::ProbeOptions Harness::DefaultOptions() {
  probe::ProbeOptions options;
  options.prove = false;
  if (const char* kind = std::getenv("NEZUBAN_TEST_SENSORS"); kind != nullptr) {
    const auto choice = probe::ParseSensorChoice(kind);
    CHECK(choice.has_value());
    options.sensors = *choice;
  }
  return options;
}

probe::ProbeOptions Harness::FewEvents(std::initializer_list<event::EventType> events) {
  probe::ProbeOptions options = DefaultOptions();
  options.events.reset();
  for (const event::EventType event : events) options.events.set(event);
  return options;
}

Harness::Harness(const probe::ProbeOptions& options)
    : own_(OpenOrExit(options)), source_(own_.get()) {}

Harness::Harness() {
  static const std::unique_ptr<probe::ProbeSource> shared = OpenOrExit(DefaultOptions());
  source_ = shared.get();
  source_->SetEnabled(probe::EventSet().set());
  ReadAll();
}

void Harness::Read(milliseconds timeout, std::deque<Owned>& into) {
  const auto got = source_->Poll(timeout, [&](std::span<const std::byte> bytes) {
    if (event::Decode(bytes))
      into.emplace_back(bytes);
    else
      ADD_FAILURE() << "a malformed record of " << bytes.size() << " bytes";
  });
  ASSERT_TRUE(got) << got.error().message;
}

std::deque<Owned> Harness::ReadAll() {
  std::deque<Owned> all;
  for (std::size_t before = 1; before != all.size();) {
    before = all.size();
    Read(milliseconds(20), all);
  }
  return all;
}

Recorded Harness::Run(const std::function<void()>& act) {
  int status = 0;
  Recorded recorded = Run(act, status);
  EXPECT_EQ(status, 0) << "the child failed";
  return recorded;
}

Recorded Harness::Run(const std::function<void()>& act, int& status) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    act();
    ::_exit(0);
  }
  std::deque<Owned> all;
  const Clock::time_point deadline = Clock::now() + kPatience;
  // All its records are in the rings once it is gone.
  while (::waitpid(child, &status, WNOHANG) == 0) {
    Read(milliseconds(5), all);
    if (Clock::now() < deadline) continue;
    ADD_FAILURE() << "the child did not end";
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    break;
  }
  for (Owned& owned : ReadAll()) all.push_back(std::move(owned));

  std::set<std::uint32_t> family = {static_cast<std::uint32_t>(child)};
  std::deque<Owned> ours;
  for (Owned& owned : all) {
    const event::Event event = owned.event();
    if (!family.contains(event.header().tgid)) continue;
    if (const auto* fork = event.As<fork_record>()) family.insert(fork->child_tgid);
    ours.push_back(std::move(owned));
  }
  return {child, std::move(ours)};
}

std::string MakeProgram(const std::string& path) {
  const TinyElf elf;
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&elf), sizeof elf);
  file.close();
  CHECK(file.good());
  CHECK(::chmod(path.c_str(), 0755) == 0);
  return path;
}

void Exec(const std::string& path, const std::vector<std::string>& args) {
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  Require(false, path.c_str());
}

void SpawnAndWait(const std::string& path, const std::vector<std::string>& args) {
  const pid_t pid = ::fork();
  REQUIRE_OK(pid >= 0);
  if (pid == 0) Exec(path, args);
  int status = 0;
  REQUIRE_OK(::waitpid(pid, &status, 0) == pid);
  REQUIRE_OK(status == 0);
}

std::uint64_t StartTicks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream words(line.substr(line.rfind(')') + 1));
  std::string word;
  for (int i = 3; i <= 22; ++i) words >> word;  // the state is field 3
  return std::strtoull(word.c_str(), nullptr, 10);
}

std::uint32_t NamespaceInode(pid_t pid, const char* name) {
  struct stat st {};
  CHECK(::stat(("/proc/" + std::to_string(pid) + "/ns/" + name).c_str(), &st) == 0);
  return static_cast<std::uint32_t>(st.st_ino);
}

std::uint64_t TicksOf(std::uint64_t start_ns) {
  return start_ns / (1000000000ull / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

std::uint32_t KernelDev(dev_t dev) { return major(dev) << 20 | minor(dev); }

std::string CgroupRoot() {
  std::string root = Cgroup2Root();
  CHECK(!root.empty());
  return root;
}

std::uint64_t RootCgroupId() {
  struct stat st {};
  CHECK(::stat(CgroupRoot().c_str(), &st) == 0);
  return st.st_ino;
}

TestCgroup::TestCgroup(const std::string& name, const TestCgroup* parent)
    : directory_((parent != nullptr ? parent->directory() : CgroupRoot()) + "/" + name),
      path_((parent != nullptr ? parent->path() : "") + "/" + name) {
  ::rmdir(directory_.c_str());
  if (::mkdir(directory_.c_str(), 0755) != 0) {
    std::cerr << "mkdir " << directory_ << ": " << std::strerror(errno) << '\n';
    std::exit(1);
  }
  struct stat st {};
  CHECK(::stat(directory_.c_str(), &st) == 0);
  id_ = st.st_ino;
}

TestCgroup::~TestCgroup() {
  // Busy while the last process is being taken out.
  for (int i = 0; i < 100 && ::rmdir(directory_.c_str()) != 0 && errno == EBUSY; ++i)
    ::usleep(10000);
}

void TestCgroup::Enter() const {
  const int fd = ::open((directory_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE_OK(fd >= 0);
  REQUIRE_OK(::write(fd, "0", 1) == 1);
  ::close(fd);
}

}  // namespace nezuban::bpf_test
