// SPDX-License-Identifier: Apache-2.0
// What an exec record says, field by field, and where its texts end.
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <fstream>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

std::uint64_t Ns(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1000000000u +
         static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t BootNs() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Ns(now);
}

TEST(Exec, SaysWhoAndWhat) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/program-with-a-long-name");
  Harness harness;
  const std::uint64_t before = BootNs();
  const Recorded recorded = harness.Run([&] {
    REQUIRE_OK(::chdir(dir.path().c_str()) == 0);
    for (int i = 0; i < 7; ++i) SpawnAndWait(program, {"zero", "one", "two words", ""});
  });
  const std::uint64_t after = BootNs();

  const auto execs = recorded.Of<exec_record>();
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(execs.size(), 7u);
  ASSERT_EQ(forks.size(), 7u);
  struct stat st {};
  ASSERT_EQ(::stat(program.c_str(), &st), 0);
  for (std::size_t i = 0; i < 7; ++i) {
    const auto& exec = execs[i];
    const record_header& header = exec.header();
    EXPECT_EQ(exec.event().name(), "execve");
    EXPECT_EQ(header.sensor, SENSOR_TRACEPOINT);
    EXPECT_EQ(header.lane, LANE_VITAL);
    EXPECT_LT(header.cpu, static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_CONF)));
    EXPECT_GE(header.time_ns, before);
    EXPECT_LE(header.time_ns, after);
    EXPECT_EQ(header.tgid, forks[i]->child_tgid);
    EXPECT_EQ(header.tid, header.tgid);
    EXPECT_EQ(header.start_ns, forks[i]->child_start_ns);
    EXPECT_EQ(header.uid, 0u);
    EXPECT_EQ(header.euid, 0u);
    EXPECT_EQ(header.gid, 0u);
    EXPECT_EQ(header.egid, 0u);
    EXPECT_EQ(header.flags, 0u);
    EXPECT_EQ(header.pid_ns, NamespaceInode(::getpid(), "pid"));
    EXPECT_EQ(header.mnt_ns, NamespaceInode(::getpid(), "mnt"));
    EXPECT_EQ(header.cgroup_id, RootCgroupId());
    EXPECT_EQ(header.origin_cgroup_id, 0u);
    EXPECT_EQ(exec.event().comm(), "program-with-a-");

    EXPECT_EQ(exec.Text(exec->exe), program);
    EXPECT_FALSE(exec.Truncated(exec->exe));
    EXPECT_EQ(exec.Text(exec->args), std::string("zero\0one\0two words\0\0", 20));
    EXPECT_FALSE(exec.Truncated(exec->args));
    EXPECT_EQ(exec.Text(exec->cwd), dir.path());
    EXPECT_EQ(exec->exe_file.ino, st.st_ino);
    EXPECT_EQ(exec->exe_file.dev, KernelDev(st.st_dev));
    EXPECT_EQ(exec->exe_file.nlink, 1u);
    EXPECT_EQ(exec->exe_file.mode, st.st_mode);
    EXPECT_EQ(exec->exe_file.mnt_ns, header.mnt_ns);
    EXPECT_EQ(exec->exe_file.flags, 0u);
    EXPECT_EQ(exec->exe_ctime_ns, Ns(st.st_ctim));
    EXPECT_EQ(exec->exe_mtime_ns, Ns(st.st_mtim));
    EXPECT_EQ(exec->ppid, static_cast<std::uint32_t>(recorded.child()));
    EXPECT_EQ(exec->parent_start_ns, forks[i].header().start_ns);
    EXPECT_EQ(exec->vpid, header.tgid);
    EXPECT_EQ(exec->sid, static_cast<std::uint32_t>(::getsid(0)));
    EXPECT_EQ(exec->pgid, static_cast<std::uint32_t>(::getpgid(0)));
  }
}

// The start of a process as /proc tells it, to a clock tick.
TEST(Exec, StartTimeAgreesWithProc) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::uint64_t ticks = 0;
  const Recorded recorded = harness.Run([&] {
    const std::uint64_t own = StartTicks(::getpid());
    REQUIRE_OK(::write(ends[1], &own, sizeof own) == sizeof own);
    SpawnAndWait(program, {"p"});
  });
  ASSERT_EQ(::read(ends[0], &ticks, sizeof ticks), static_cast<ssize_t>(sizeof ticks));
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 1u);
  EXPECT_EQ(TicksOf(forks[0].header().start_ns), ticks);
}

TEST(Exec, CredentialsRealAndEffective) {
  TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] {
    REQUIRE_OK(::setresgid(103, 104, 104) == 0);
    REQUIRE_OK(::setresuid(101, 102, 102) == 0);
    Exec(program, {"p"});
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].header().uid, 101u);
  EXPECT_EQ(execs[0].header().euid, 102u);
  EXPECT_EQ(execs[0].header().gid, 103u);
  EXPECT_EQ(execs[0].header().egid, 104u);
}

struct ArgsCase {
  std::size_t bytes;  // all of argv, NULs included
  std::size_t kept;
};

TEST(Exec, ArgumentsAreCutAtTheLimitWithTheirTotal) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  for (const ArgsCase& c :
       {ArgsCase{2, 2}, ArgsCase{4096, 4096}, ArgsCase{8191, 8191},
        ArgsCase{ARGS_LEN_MAX, ARGS_LEN_MAX}, ArgsCase{ARGS_LEN_MAX + 1, ARGS_LEN_MAX},
        ArgsCase{100003, ARGS_LEN_MAX}}) {
    std::string arg;
    for (std::size_t i = 0; i + 1 < c.bytes; ++i) arg += static_cast<char>('a' + i % 26);
    const Recorded recorded = harness.Run([&] { Exec(program, {arg}); });
    const auto execs = recorded.Of<exec_record>();
    ASSERT_EQ(execs.size(), 1u);
    EXPECT_EQ(execs[0]->args.total, c.bytes);
    const std::string whole = arg + '\0';
    EXPECT_EQ(execs[0].Text(execs[0]->args), whole.substr(0, c.kept)) << c.bytes;
    EXPECT_EQ(execs[0].Truncated(execs[0]->args), c.bytes > c.kept);
  }
}

TEST(Exec, EnvironmentIsCutAtTheLimitWithItsTotal) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  for (const ArgsCase& c :
       {ArgsCase{0, 0}, ArgsCase{ENV_LEN_MAX, ENV_LEN_MAX}, ArgsCase{100003, ENV_LEN_MAX}}) {
    std::string variable = c.bytes == 0 ? "" : "A=";
    while (variable.size() + 1 < c.bytes) variable += static_cast<char>('a' + variable.size() % 26);
    const Recorded recorded = harness.Run([&] {
      char* argv[] = {const_cast<char*>("p"), nullptr};
      char* env[] = {variable.empty() ? nullptr : variable.data(), nullptr};
      ::execve(program.c_str(), argv, env);
      REQUIRE_OK(false);
    });
    const auto execs = recorded.Of<exec_record>();
    ASSERT_EQ(execs.size(), 1u);
    EXPECT_EQ(execs[0]->env.total, c.bytes);
    const std::string whole = variable + '\0';
    EXPECT_EQ(execs[0].Text(execs[0]->env), whole.substr(0, c.kept)) << c.bytes;
    EXPECT_EQ(execs[0].Truncated(execs[0]->env), c.bytes > c.kept);
    EXPECT_EQ(execs[0].Text(execs[0]->args), std::string("p\0", 2)) << c.bytes;
  }
}

TEST(Exec, NoArgumentsAtAll) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] { Exec(program, {}); });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  // From 5.18 on the kernel puts an empty argv[0] there.
  EXPECT_LE(execs[0]->args.total, 1u);
  EXPECT_FALSE(execs[0].Truncated(execs[0]->args));
}

// `depth` directories named with `width` characters below `dir`; the working directory after.
std::string Descend(const std::string& dir, int depth, int width) {
  std::string path = dir;
  REQUIRE_OK(::chdir(dir.c_str()) == 0);
  for (int i = 0; i < depth; ++i) {
    const std::string name(static_cast<std::size_t>(width), static_cast<char>('a' + i % 26));
    REQUIRE_OK(::mkdir(name.c_str(), 0755) == 0 || errno == EEXIST);
    REQUIRE_OK(::chdir(name.c_str()) == 0);
    path += "/" + name;
  }
  return path;
}

struct PathCase {
  int depth;
  int width;
  bool truncated;
};

TEST(Exec, DeepAndLongPaths) {
  Harness harness;
  for (const PathCase& c :
       {PathCase{1, 255, false}, PathCase{15, 255, false}, PathCase{17, 255, true},
        PathCase{110, 30, false}, PathCase{140, 3, true}}) {
    TempDir dir;
    const std::string program = MakeProgram(dir.path() + "/p");
    const Recorded recorded = harness.Run([&] {
      Descend(dir.path(), c.depth, c.width);
      REQUIRE_OK(::link(program.c_str(), "q") == 0);
      Exec("./q", {"q"});
    });
    std::string path = dir.path();
    for (int i = 0; i < c.depth; ++i)
      path += "/" + std::string(static_cast<std::size_t>(c.width), static_cast<char>('a' + i % 26));
    const auto execs = recorded.Of<exec_record>();
    ASSERT_EQ(execs.size(), 1u);
    const std::string exe = execs[0].Text(execs[0]->exe);
    EXPECT_EQ(execs[0].Truncated(execs[0]->exe), c.truncated) << c.depth << " x " << c.width;
    EXPECT_EQ(execs[0]->exe_file.nlink, 2u);
    if (!c.truncated) {
      EXPECT_EQ(exe, path + "/q");
      EXPECT_EQ(execs[0].Text(execs[0]->cwd), path);
    } else {
      EXPECT_EQ(execs[0]->exe.total, STR_TOTAL_UNKNOWN);
      EXPECT_GT(exe.size(), 400u);
      EXPECT_TRUE((path + "/q").ends_with(exe)) << exe;
    }
  }
}

TEST(Exec, PathCrossesMountsAndStopsAtTheProcessRoot) {
  TempDir dir;
  Harness harness;
  const auto prepare = [&] {
    REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
    REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE_OK(::mount("t", dir.path().c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mkdir((dir.path() + "/a").c_str(), 0755) == 0);
    REQUIRE_OK(::mount("t", (dir.path() + "/a").c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mount("t", (dir.path() + "/a").c_str(), "tmpfs", 0, nullptr) == 0);
    MakeProgram(dir.path() + "/a/p");
  };
  const Recorded across = harness.Run([&] {
    prepare();
    Exec(dir.path() + "/a/p", {"p"});
  });
  ASSERT_EQ(across.Of<exec_record>().size(), 1u);
  const auto first = across.Of<exec_record>()[0];
  EXPECT_EQ(first.Text(first->exe), dir.path() + "/a/p");
  EXPECT_NE(first.header().mnt_ns, NamespaceInode(::getpid(), "mnt"));
  EXPECT_EQ(first->exe_file.mnt_ns, first.header().mnt_ns);

  const Recorded jailed = harness.Run([&] {
    prepare();
    REQUIRE_OK(::chroot((dir.path() + "/a").c_str()) == 0);
    REQUIRE_OK(::chdir("/") == 0);
    Exec("/p", {"p"});
  });
  ASSERT_EQ(jailed.Of<exec_record>().size(), 1u);
  const auto second = jailed.Of<exec_record>()[0];
  EXPECT_EQ(second.Text(second->exe), "/p");
  EXPECT_EQ(second.Text(second->cwd), "/");
}

TEST(Exec, MemfdByItsDescriptor) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] {
    const int fd = static_cast<int>(::syscall(SYS_memfd_create, "hidden", MFD_CLOEXEC));
    REQUIRE_OK(fd >= 0);
    char bytes[4096];
    const int from = ::open(program.c_str(), O_RDONLY);
    const ssize_t size = ::read(from, bytes, sizeof bytes);
    REQUIRE_OK(size > 0 && ::write(fd, bytes, static_cast<std::size_t>(size)) == size);
    char name[] = "fake";
    char* const argv[] = {name, nullptr};
    char* const envp[] = {nullptr};
    ::syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
    REQUIRE_OK(false);
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].Text(execs[0]->exe), "memfd:hidden");
  EXPECT_EQ(execs[0]->exe_file.nlink, 0u);
  EXPECT_EQ(execs[0]->exe_file.mnt_ns, 0u);
  EXPECT_EQ(execs[0].event().name(), "execveat");
  EXPECT_EQ(execs[0].Text(execs[0]->args), std::string("fake\0", 5));
}

// From a descriptor, that is; from the working directory it is an execve.
TEST(Exec, ExecveatHasItsName) {
  TempDir dir;
  MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] {
    const int directory = ::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[] = "p";
    char* const argv[] = {name, nullptr};
    char* const envp[] = {nullptr};
    ::syscall(SYS_execveat, directory, "p", argv, envp, 0);
    REQUIRE_OK(false);
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].event().name(), "execveat");
  EXPECT_EQ(execs[0].Text(execs[0]->exe), dir.path() + "/p");
}

TEST(Exec, ScriptShowsItsInterpreter) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  const std::string script = dir.path() + "/script";
  std::ofstream(script) << "#!" << program << " -x\n";
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  Harness harness;
  const Recorded recorded = harness.Run([&] { Exec(script, {"s", "arg"}); });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].Text(execs[0]->exe), program);
  EXPECT_EQ(execs[0].Text(execs[0]->args),
            program + std::string("\0-x\0", 4) + script + std::string("\0arg\0", 5));
  EXPECT_EQ(execs[0].event().comm(), "script");
}

TEST(Exec, DeletedProgramHasNoLink) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] {
    const int fd = ::open(program.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE_OK(fd >= 0 && ::unlink(program.c_str()) == 0);
    char name[] = "p";
    char* const argv[] = {name, nullptr};
    char* const envp[] = {nullptr};
    ::fexecve(fd, argv, envp);
    REQUIRE_OK(false);
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0]->exe_file.nlink, 0u);
  EXPECT_EQ(execs[0].Text(execs[0]->exe), program);
}

TEST(Exec, PidNamespaceGivesItsOwnNumber) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/p");
  Harness harness;
  const Recorded recorded = harness.Run([&] {
    REQUIRE_OK(::unshare(CLONE_NEWPID) == 0);
    SpawnAndWait(program, {"p"});
  });
  const auto execs = recorded.Of<exec_record>();
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(execs.size(), 1u);
  ASSERT_EQ(forks.size(), 1u);
  EXPECT_EQ(execs[0]->vpid, 1u);
  EXPECT_NE(execs[0].header().tgid, 1u);
  EXPECT_NE(execs[0].header().pid_ns, NamespaceInode(::getpid(), "pid"));
  EXPECT_EQ(forks[0]->child_vpid, 1u);
  EXPECT_EQ(forks[0]->child_pid_ns, execs[0].header().pid_ns);
  EXPECT_EQ(forks[0].header().pid_ns, NamespaceInode(::getpid(), "pid"));
}

TEST(Exec, FailuresGiveNoRecord) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    for (int i = 0; i < 5; ++i) ::execl("/no/such/program", "x", nullptr);
  });
  EXPECT_TRUE(recorded.Of<exec_record>().empty());
}

}  // namespace
}  // namespace nezuban::bpf_test
