// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.h"

#include <gtest/gtest.h>

namespace nezuban::probe {
namespace {

TEST(LibbpfLog, TheVerifiersReasonIsItsLastWord) {
  const struct {
    std::string_view text;
    std::string_view reason;
  } cases[] = {
      {"", ""},
      {"libbpf: prog 'on_x': BPF program load failed: Invalid argument\n", ""},
      {"libbpf: prog 'on_x': -- BEGIN PROG LOAD LOG --\n"
       "0: R1=ctx(off=0,imm=0) R10=fp0\nR2 !read_ok\n"
       "processed 12 insns (limit 1000000) max_states_per_insn 0\n-- END PROG LOAD LOG --\n",
       "R2 !read_ok"},
      {"-- BEGIN PROG LOAD LOG --\nR2 !read_ok\nverification time 52 usec\nstack depth 8+0\n"
       "processed 12 insns (limit 1000000)\n-- END PROG LOAD LOG --\n",
       "R2 !read_ok"},
      {"-- BEGIN PROG LOAD LOG --\nprocessed 0 insns\n-- END PROG LOAD LOG --\n", ""},
      {"-- BEGIN PROG LOAD LOG --\nback-edge from insn 3 to 1", "back-edge from insn 3 to 1"},
      {"-- BEGIN PROG LOAD LOG --\nInvalid BTF\n-- END PROG LOAD LOG --\n", "Invalid BTF"},
  };
  for (const auto& c : cases) EXPECT_EQ(VerifierReason(c.text), c.reason) << c.text;
}

TEST(LibbpfLog, NamesTheProgramThatWasRefused) {
  EXPECT_EQ(ProgramRefusedIn("libbpf: prog 'on_mmap': BPF program load failed: Invalid argument"),
            "on_mmap");
  EXPECT_EQ(ProgramRefusedIn("libbpf: prog 'on_mmap': failed to attach: No such file"), "");
  EXPECT_EQ(ProgramRefusedIn("': BPF program load failed"), "");
  EXPECT_EQ(ProgramRefusedIn(""), "");
}

}  // namespace
}  // namespace nezuban::probe
