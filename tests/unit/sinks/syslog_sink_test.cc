// SPDX-License-Identifier: Apache-2.0
#include "sinks/syslog_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

// From here on every send of this thread fails with `error`, as on an interface whose queue is full
// while the socket has room.
bool FailEverySend(unsigned error) {
  std::array<sock_filter, 4> code = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{code.size(), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

std::int64_t CpuMs() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * 1000 + used.tv_nsec / 1'000'000;
}

TEST(SyslogSink, AFullQueueEndsWithTheAttempt) {
  SinkOptions options;
  options.timeout = std::chrono::milliseconds(200);
  options.syslog.transport = SyslogTransport::kUdp;
  options.syslog.address = "127.0.0.1:9";
  for (const int error : {ENOBUFS, EAGAIN}) {
    bool prepared = false;
    SendResult result;
    std::int64_t used_ms = 0;
    std::thread([&] {
      SyslogSink sink(options, {"node-1", "", "", "1"});
      prepared = FailEverySend(static_cast<unsigned>(error));
      result = sink.Send(std::vector{Named("rule")});
      used_ms = CpuMs();
    }).join();
    ASSERT_TRUE(prepared);
    EXPECT_EQ(result.outcome, SendResult::Outcome::kRetry);
    EXPECT_THAT(result.problem, testing::HasSubstr("timed out"));
    EXPECT_LT(used_ms, 100) << "it has to wait, not to spin";
  }
}

}  // namespace
}  // namespace nezuban::sinks
