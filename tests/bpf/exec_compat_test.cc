// SPDX-License-Identifier: Apache-2.0
// Programs executed by calls of 32 bits: pointers and argv are half as wide.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {
namespace {

#if defined(__x86_64__)
class ExecOf32BitsTest : public ::testing::Test {
 protected:
  static constexpr int kExecve = 11, kExecveat = 358;

  // What a call needs below 4 GiB.
  struct Low {
    explicit Low(const std::string& path) : program(memory.Put(path.c_str())) {
      const std::uint32_t args[] = {memory.Put("p"), memory.Put("second"), 0};
      const std::uint32_t variables[] = {memory.Put("A=b"), 0};
      argv = memory.Put(args, sizeof args);
      env = memory.Put(variables, sizeof variables);
    }
    LowMemory memory;
    std::uint32_t program, argv, env;
  };

  void ExpectExec(const Recorded& recorded, std::string_view name) {
    const auto execs = recorded.Of<exec_record>();
    ASSERT_EQ(execs.size(), 1u);
    EXPECT_EQ(execs[0].event().name(), name);
    EXPECT_EQ(execs[0].Text(execs[0]->exe), program_);
    EXPECT_EQ(execs[0].Text(execs[0]->args), std::string("p\0second\0", 9));
    EXPECT_EQ(execs[0].Text(execs[0]->env), std::string("A=b\0", 4));
    EXPECT_EQ(execs[0].header().tgid, static_cast<std::uint32_t>(recorded.child()));
  }

  TempDir dir_;
  const std::string program_ = MakeProgram(dir_.path() + "/program");
  Harness harness_;
};

TEST_F(ExecOf32BitsTest, Execve) {
  const Recorded recorded = harness_.Run([&] {
    Low low("/no/such/program");
    REQUIRE_OK(Int80(kExecve, low.program, low.argv, low.env) == -ENOENT);
    Int80(kExecve, low.memory.Put(program_.c_str()), low.argv, low.env);
    REQUIRE_OK(false);
  });
  ExpectExec(recorded, "execve");
}

TEST_F(ExecOf32BitsTest, ExecveatOfADirectory) {
  const Recorded recorded = harness_.Run([&] {
    Low low("program");
    const int directory = ::open(dir_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    Int80(kExecveat, static_cast<std::uint32_t>(directory), low.program, low.argv, low.env, 0);
    REQUIRE_OK(false);
  });
  ExpectExec(recorded, "execveat");
}

TEST_F(ExecOf32BitsTest, ExecveatOfADescriptor) {
  const Recorded recorded = harness_.Run([&] {
    Low low("");
    const int file = ::open(program_.c_str(), O_PATH | O_CLOEXEC);
    Int80(kExecveat, static_cast<std::uint32_t>(file), low.program, low.argv, low.env,
          AT_EMPTY_PATH);
    REQUIRE_OK(false);
  });
  ExpectExec(recorded, "execveat");
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
