// SPDX-License-Identifier: Apache-2.0
// The least that any monitor costs which watches system calls end: one program on sys_exit that
// does nothing, until standard input ends.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(const char* what) {
  perror(what);
  return 1;
}

int main(void) {
  const struct bpf_insn nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
                                     {.code = BPF_JMP | BPF_EXIT}};
  const int function = libbpf_find_vmlinux_btf_id("sys_exit", BPF_TRACE_RAW_TP);
  if (function < 0) return fail("find sys_exit");
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP,
              .attach_btf_id = (__u32)function);
  const int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing, 2, &options);
  if (program < 0) return fail("load");
  if (bpf_raw_tracepoint_open(NULL, program) < 0) return fail("attach");
  puts("attached");
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}
