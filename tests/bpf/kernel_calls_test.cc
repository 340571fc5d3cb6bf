// SPDX-License-Identifier: Apache-2.0
// bpf and the other calls that reach into the kernel; modules; keyrings; the new mount API.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "bpf/bpf_object.h"
#include "bpf/call_fixture.h"

namespace nezuban::bpf_test {
namespace {

class BpfCallTest : public CallTest {
 protected:
  BpfCallTest() : CallTest(EVENT_BPF) {}
};

int MakeMap() {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 1;
  std::strcpy(attr.map_name, "nezuban_test");
  return static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

TEST_F(BpfCallTest, TellsWhatWasMade) {
  const auto calls = Run([] {
    const int map = MakeMap();
    REQUIRE_OK(map >= 0);
    std::uint32_t key = 0;
    std::uint64_t value = 1;
    bpf_attr update{};
    update.map_fd = static_cast<std::uint32_t>(map);
    update.key = reinterpret_cast<std::uintptr_t>(&key);
    update.value = reinterpret_cast<std::uintptr_t>(&value);
    REQUIRE_OK(::syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof update) == 0);
    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_KPROBE;
    REQUIRE_OK(::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load) < 0);
    REQUIRE_OK(::syscall(SYS_bpf, 9999, nullptr, 0) < 0);
  });
  ASSERT_EQ(calls.size(), 3u);  // elements are left out
  EXPECT_EQ(calls[0].event().name(), "bpf");
  EXPECT_GE(calls[0]->result, 0);
  EXPECT_EQ(calls[0]->known[0], std::uint64_t{BPF_MAP_TYPE_ARRAY});
  EXPECT_NE(calls[0]->known[1], 0u);
  EXPECT_EQ(calls[0]->known[2], 2u);
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), "nezuban_test");
  EXPECT_EQ(calls[0].header().flags, 0u);
  EXPECT_LT(calls[1]->result, 0);
  EXPECT_EQ(calls[1]->known[0], std::uint64_t{BPF_PROG_TYPE_KPROBE});
  EXPECT_EQ(calls[1]->known[2], 1u);
  EXPECT_EQ(calls[1].header().flags, RECORD_FROM_USER_MEMORY);
  EXPECT_EQ(calls[2]->arg[0], 9999u);
  EXPECT_EQ(calls[2]->result, -EINVAL);
}

// Opens all there are of one kind.
void OpenAll(int next, int open) {
  bpf_attr attr{};
  while (::syscall(SYS_bpf, next, &attr, sizeof attr) == 0) {
    bpf_attr opened{};
    opened.prog_id = attr.next_id;
    ::close(static_cast<int>(::syscall(SYS_bpf, open, &opened, sizeof opened)));
    attr.start_id = attr.next_id;
  }
}

TEST_F(BpfCallTest, TellsWhatOfTheMonitorWasOpened) {
  const auto calls = Run([] {
    REQUIRE_OK(MakeMap() >= 0);  // open until the end: the last of the maps
    OpenAll(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
    OpenAll(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
    OpenAll(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
  });
  ASSERT_FALSE(calls.empty());
  const std::uint64_t others = calls[0]->known[1];
  std::map<std::uint64_t, int> monitors;  // by kind
  bool seen_others = false;
  for (const auto& call : calls) {
    if (call->arg[0] == BPF_MAP_GET_FD_BY_ID && call->known[1] == others) {
      seen_others = true;
      EXPECT_EQ(call->target_tgid, 0u);
    }
    if (call->target_tgid == 0) continue;
    EXPECT_EQ(call->target_tgid, call->target_tid);
    EXPECT_NE(call->target_start_ns, 0u);
    EXPECT_NE(call->known[1], 0u);
    ++monitors[call->known[2]];
  }
  EXPECT_TRUE(seen_others);
  EXPECT_GT(monitors[BPF_OBJECT_PROGRAM], 10);
  EXPECT_GT(monitors[BPF_OBJECT_MAP], 10);
  EXPECT_GT(monitors[BPF_OBJECT_LINK], 2);
}

TEST_F(BpfCallTest, Others) {
  const auto calls = Run([] {
    perf_event_attr attr{};
    attr.type = 77;
    attr.config = 78;
    attr.size = sizeof attr;
    REQUIRE_OK(::syscall(SYS_perf_event_open, &attr, ::getpid(), -1, -1, 0) < 0);
    std::uint32_t params[32] = {0, 0, 1u << 31};
    REQUIRE_OK(::syscall(SYS_io_uring_setup, 4, params) < 0);
    ::syscall(SYS_userfaultfd, O_CLOEXEC);
    REQUIRE_OK(::syscall(SYS_seccomp, 77, 5, nullptr) < 0);
#if defined(__x86_64__)
    ::close(Int80(374, O_CLOEXEC));
    REQUIRE_OK(Int80(357, 9999) < 0);
#endif
  });
  const char* const kNames[] = {"perf_event_open", "io_uring_setup", "userfaultfd",
                                "seccomp",         "userfaultfd",    "bpf"};
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 6u);
#endif
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i].event().name(), kNames[i]);
  EXPECT_EQ(calls[0]->known[0], 77u);
  EXPECT_EQ(calls[0]->known[1], 78u);
  EXPECT_EQ(calls[0]->target_tgid, calls[0].header().tgid);
  EXPECT_EQ(calls[1]->arg[0], 4u);
  EXPECT_EQ(calls[1]->known[0], std::uint64_t{1u << 31});
  EXPECT_EQ(calls[2]->arg[0], std::uint64_t{O_CLOEXEC});
  EXPECT_EQ(calls[3]->arg[0], 77u);
  EXPECT_EQ(calls[3]->result, -EINVAL);
}

class ModuleTest : public CallTest {
 protected:
  ModuleTest() : CallTest(EVENT_MODULE) {}
};

TEST_F(ModuleTest, TellsTheFile) {
  TempDir dir;
  const std::string path = dir.path() + "/evil.ko";
  const auto calls = Run([&] {
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);
    // On the stack, and so in memory: these calls fail before they read it.
    char a[] = "a=1", b[] = "b=2", name[] = "nezuban_none";
    REQUIRE_OK(fd >= 0);
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::syscall(SYS_finit_module, fd, a, 2) < 0);
    REQUIRE_OK(::syscall(SYS_init_module, nullptr, 0, b) < 0);
    REQUIRE_OK(::syscall(SYS_delete_module, name, O_NONBLOCK) < 0);
    REQUIRE_OK(::syscall(SYS_kexec_load, 0, 99, nullptr, 77) < 0);
  });
  ASSERT_EQ(calls.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(calls[i].event().name(), "finit_module");
    EXPECT_LT(calls[i]->result, 0);
    EXPECT_EQ(calls[i].Text(calls[i]->text[0]), path);
    EXPECT_EQ(calls[i].Text(calls[i]->text[1]), "a=1");
    EXPECT_EQ(calls[i]->arg[2], 2u);
    EXPECT_NE(calls[i]->file.ino, 0u);
  }
  EXPECT_EQ(calls[3].event().name(), "init_module");
  EXPECT_EQ(calls[3].Text(calls[3]->text[1]), "b=2");
  EXPECT_EQ(calls[4].event().name(), "delete_module");
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), "nezuban_none");
  EXPECT_EQ(calls[5].event().name(), "kexec_load");
}

#if defined(__x86_64__)
TEST_F(ModuleTest, CallsOf32Bits) {
  TempDir dir;
  const std::string path = dir.path() + "/evil.ko";
  Shared<int> fd;
  const auto calls = Run([&] {
    LowMemory memory;
    *fd = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);
    REQUIRE_OK(*fd >= 0);
    REQUIRE_OK(Int80(350, static_cast<std::uint32_t>(*fd), memory.Put("a=1"), 2) < 0);
    REQUIRE_OK(Int80(350, ~0u, memory.Put("a=1"), 2) < 0);
    REQUIRE_OK(Int80(128, 0, 0, memory.Put("b=2")) < 0);
    REQUIRE_OK(Int80(129, memory.Put("nezuban_none"), O_NONBLOCK) < 0);
    REQUIRE_OK(Int80(283, 0xfffff000, 99, 0, 77) < 0);
  });
  const char* const kNames[] = {"finit_module", "finit_module", "init_module", "delete_module",
                                "kexec_load"};
  ASSERT_EQ(calls.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    Expect(calls[i], kNames[i], calls[i]->result);
    EXPECT_LT(calls[i]->result, 0);
  }
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), path);
  EXPECT_EQ(calls[0].Text(calls[0]->text[1]), "a=1");
  EXPECT_EQ(calls[0]->arg[0], static_cast<std::uint64_t>(*fd));
  EXPECT_EQ(calls[0]->arg[2], 2u);
  EXPECT_NE(calls[0]->file.ino, 0u);
  EXPECT_EQ(calls[1]->arg[0], 0xffffffffu);
  EXPECT_EQ(calls[1]->file.ino, 0u);
  EXPECT_EQ(calls[2].Text(calls[2]->text[1]), "b=2");
  EXPECT_EQ(calls[3].Text(calls[3]->text[0]), "nezuban_none");
  EXPECT_EQ(calls[3]->arg[1], std::uint64_t{O_NONBLOCK});
  EXPECT_EQ(calls[4]->arg[0], 0xfffff000u);
  EXPECT_EQ(calls[4]->arg[1], 99u);
  EXPECT_EQ(calls[4]->arg[3], 77u);
}
#endif

class KeyctlTest : public CallTest {
 protected:
  KeyctlTest() : CallTest(EVENT_KEYCTL) {}
};

TEST_F(KeyctlTest, TellsTypeAndDescription) {
  const auto calls = Run([] {
    REQUIRE_OK(::syscall(SYS_keyctl, 9999, 1, 2, 3, 4) < 0);
    ::syscall(SYS_add_key, "user", "nezuban", nullptr, 0, -99);
    ::syscall(SYS_request_key, "user", "nezuban", nullptr, 0);
  });
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].event().name(), "keyctl");
  EXPECT_EQ(calls[0]->arg[0], 9999u);
  EXPECT_EQ(calls[0]->arg[4], 4u);
  const char* const kNames[] = {"keyctl", "add_key", "request_key"};
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(calls[i].event().name(), kNames[i]);
    EXPECT_EQ(calls[i].Text(calls[i]->text[0]), "user");
    EXPECT_EQ(calls[i].Text(calls[i]->text[1]), "nezuban");
  }
}

#if defined(__x86_64__)
TEST_F(KeyctlTest, CallsOf32Bits) {
  Shared<int> key;
  const auto calls = Run([&] {
    LowMemory memory;
    const std::uint32_t type = memory.Put("user"), name = memory.Put("nezuban");
    REQUIRE_OK(Int80(288, 9999, ~0u, 2, 3, 4) == -EOPNOTSUPP);
    *key = Int80(286, type, name, name, 7, static_cast<std::uint32_t>(KEY_SPEC_PROCESS_KEYRING));
    REQUIRE_OK(*key > 0 && Int80(287, type, name, 0, 0) == *key);
  });
  ASSERT_EQ(calls.size(), 3u);
  Expect(calls[0], "keyctl", -EOPNOTSUPP);
  EXPECT_EQ(calls[0]->arg[0], 9999u);
  EXPECT_EQ(calls[0]->arg[1], 0xffffffffu);
  EXPECT_EQ(calls[0]->arg[4], 4u);
  const char* const kNames[] = {"keyctl", "add_key", "request_key"};
  for (std::size_t i = 1; i < 3; ++i) {
    Expect(calls[i], kNames[i], *key);
    EXPECT_EQ(calls[i].Text(calls[i]->text[0]), "user");
    EXPECT_EQ(calls[i].Text(calls[i]->text[1]), "nezuban");
  }
}
#endif

class MountApiTest : public CallTest {
 protected:
  MountApiTest() : CallTest(EVENT_MOUNT_API) {}
};

TEST_F(MountApiTest, StepByStep) {
  const auto calls = Run([] {
    const auto fs = static_cast<int>(::syscall(SYS_fsopen, "tmpfs", 0));
    REQUIRE_OK(fs >= 0 && ::syscall(SYS_fsopen, "nezubanfs", 0) < 0);
    REQUIRE_OK(::syscall(SYS_fsconfig, fs, 1, "source", "nowhere", 0) == 0);
    REQUIRE_OK(::syscall(SYS_fsconfig, fs, 6, nullptr, nullptr, 0) == 0);
    REQUIRE_OK(::syscall(SYS_open_tree, -100, "/proc/self/root/proc", 0) >= 0);
    REQUIRE_OK(::syscall(SYS_open_tree, -100, "/no/such", 1) < 0);
    ::syscall(SYS_fspick, -100, "/no/such", 0);
  });
  ASSERT_EQ(calls.size(), 7u);
  Expect(calls[1], "fsopen", -ENODEV);
  EXPECT_EQ(calls[0].event().name(), "fsopen");
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), "tmpfs");
  EXPECT_EQ(calls[0].header().flags, 0u);
  EXPECT_EQ(calls[1].Text(calls[1]->text[0]), "nezubanfs");
  Expect(calls[2], "fsconfig", 0);
  EXPECT_EQ(calls[2].Text(calls[2]->text[0]), "source");
  EXPECT_EQ(calls[2].Text(calls[2]->text[1]), "nowhere");
  Expect(calls[3], "fsconfig", 0);
  EXPECT_EQ(calls[3]->arg[1], 6u);
  EXPECT_EQ(calls[4].event().name(), "open_tree");
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), "/proc");
  Expect(calls[5], "open_tree", -ENOENT);
  EXPECT_EQ(calls[5].Text(calls[5]->text[0]), "/no/such");
  Expect(calls[6], "fspick", -ENOENT);
}

#if defined(__x86_64__)
TEST_F(MountApiTest, CallsOf32Bits) {
  Shared<int> fs;
  const auto calls = Run([&] {
    LowMemory memory;
    const auto cwd = static_cast<std::uint32_t>(AT_FDCWD);
    const std::uint32_t missing = memory.Put("/no/such");
    *fs = Int80(430, memory.Put("tmpfs"), 0);
    const auto context = static_cast<std::uint32_t>(*fs);
    REQUIRE_OK(*fs >= 0);
    REQUIRE_OK(Int80(431, context, 1, memory.Put("source"), memory.Put("nowhere"), 0) == 0);
    REQUIRE_OK(Int80(431, context, 6, 0, 0, 0) == 0);
    REQUIRE_OK(Int80(428, cwd, missing, 1) == -ENOENT);
    REQUIRE_OK(Int80(433, cwd, missing, 0) == -ENOENT);
  });
  ASSERT_EQ(calls.size(), 5u);
  Expect(calls[0], "fsopen", *fs);
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), "tmpfs");
  Expect(calls[1], "fsconfig", 0);
  EXPECT_EQ(calls[1]->arg[0], static_cast<std::uint64_t>(*fs));
  EXPECT_EQ(calls[1].Text(calls[1]->text[0]), "source");
  EXPECT_EQ(calls[1].Text(calls[1]->text[1]), "nowhere");
  Expect(calls[2], "fsconfig", 0);
  EXPECT_EQ(calls[2]->arg[1], 6u);
  Expect(calls[3], "open_tree", -ENOENT);
  EXPECT_EQ(calls[3].Text(calls[3]->text[0]), "/no/such");
  Expect(calls[4], "fspick", -ENOENT);
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), "/no/such");
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
