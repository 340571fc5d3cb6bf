// SPDX-License-Identifier: Apache-2.0
// The doors to a system call on sockets, and what every record of one must say.
#pragma once

#include <sys/syscall.h>
#include <sys/un.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "bpf/connect_fixture.h"

namespace nezuban::bpf_test {

// One way to make a call: native, by its number of i386, or by socketcall there. Gives the result
// or -errno. Arguments are numbers, or pointers to memory below 4 GiB.
struct Door {
  const char* name;
  bool from_memory = false;  // the arguments themselves lie in the caller's memory
  std::function<long(LowMemory& memory, std::initializer_list<std::uint64_t> args)> call;
};

inline long Native(long number, std::initializer_list<std::uint64_t> args) {
  std::uint64_t a[6] = {};
  std::copy(args.begin(), args.end(), a);
  const long result = ::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result < 0 ? -errno : result;
}

// Negative numbers: that table does not have it.
inline std::vector<Door> Doors(long native, [[maybe_unused]] int i386,
                               [[maybe_unused]] int socketcall) {
  std::vector<Door> doors = {
      {"native", false, [native](LowMemory&, auto args) { return Native(native, args); }}};
#if defined(__x86_64__)
  if (i386 >= 0) {
    doors.push_back({"i386", false, [i386](LowMemory&, auto args) {
                       std::uint32_t a[6] = {};
                       std::copy(args.begin(), args.end(), a);
                       return static_cast<long>(Int80(i386, a[0], a[1], a[2], a[3], a[4], a[5]));
                     }});
  }
  if (socketcall >= 0) {
    doors.push_back({"socketcall", true, [socketcall](LowMemory& memory, auto args) {
                       std::uint32_t a[6] = {};
                       std::copy(args.begin(), args.end(), a);
                       return static_cast<long>(Int80(102, static_cast<std::uint32_t>(socketcall),
                                                      memory.Put(a, sizeof a)));
                     }});
  }
#endif
  return doors;
}

// A copy of `value` where 32-bit calls reach it.
template <typename T>
std::uint64_t Low(LowMemory& memory, const T& value) {
  return memory.Put(&value, sizeof value);
}

// What the child noted of its acts.
struct Noted {
  static constexpr int kMax = 32;
  long result[kMax];
  int fd[kMax];
  std::uint64_t ino[kMax];
  std::uint16_t port[kMax];
  std::atomic<int> count;

  void Add(long call_result, int socket) {
    const int i = count++;
    struct stat st {};
    REQUIRE_OK(i < kMax);
    result[i] = call_result;
    fd[i] = socket;
    if (socket < 0) return;
    REQUIRE_OK(::fstat(socket, &st) == 0);
    ino[i] = st.st_ino;
    port[i] = LocalPort(socket);
  }
};

class SocketTest : public ::testing::Test {
 protected:
  template <typename Record>
  std::vector<Found<Record>> Run(event::EventType event, const std::function<void()>& act) {
    recorded_.emplace(harness_.Run(act));
    std::vector<Found<Record>> found;
    for (const auto& record : recorded_->Of<Record>())
      if (record.event().type() == event) found.push_back(record);
    return found;
  }

  template <typename Record>
  void ExpectHeader(const Found<Record>& found, const char* name, std::uint8_t lane) {
    const record_header& header = found.header();
    const bool object = KindOf(harness_.source(), header.type) == probe::SensorKind::kObject;
    EXPECT_EQ(found.event().name(), name);
    EXPECT_EQ(header.lane, lane);
    EXPECT_EQ(header.sensor, object ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(header.tgid, static_cast<std::uint32_t>(recorded_->child()));
  }

  Harness harness_;
  Shared<Noted> noted_;
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
