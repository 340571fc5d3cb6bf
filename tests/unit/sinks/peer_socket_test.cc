// SPDX-License-Identifier: Apache-2.0
#include "sinks/peer_socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

#include "testlib/loopback.h"

namespace nezuban::sinks {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A port of 127.0.0.1 with room for `backlog` + 1 connections that nobody accepts.
struct Listener {
  explicit Listener(int backlog) : listener(backlog) {}
  sockaddr* Generic() { return reinterpret_cast<sockaddr*>(&address); }
  addrinfo Info(addrinfo* next = nullptr) {
    addrinfo info{};
    info.ai_family = AF_INET;
    info.ai_addr = Generic();
    info.ai_addrlen = sizeof(address);
    info.ai_next = next;
    return info;
  }

  testlib::LoopbackListener listener;
  sockaddr_in address = testlib::LoopbackListener::OnLoopback(listener.port);
};

TEST(PeerSocket, AnAddressThatIsSilentLeavesTimeForTheNext) {
  Listener silent(0);
  Listener good(8);
  std::vector<UniqueFd> filling;  // the first place is taken: the kernel answers no more
  filling.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(filling[0].get(), silent.Generic(), sizeof(silent.address)), 0);

  const auto start = steady_clock::now();
  addrinfo second = good.Info();
  addrinfo first = silent.Info(&second);
  const auto fd = ConnectAny(&first, SOCK_STREAM, start + milliseconds(1000));
  const auto took = steady_clock::now() - start;
  ASSERT_TRUE(fd) << fd.error().message;
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  ASSERT_EQ(::getpeername(fd->get(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
  EXPECT_EQ(peer.sin_port, good.address.sin_port);
  EXPECT_GE(took, milliseconds(400)) << "the first one was silent";
  EXPECT_LT(took, milliseconds(900));
}

TEST(PeerSocket, TheLastAddressHasAllTheTimeThatIsLeft) {
  Listener silent(0);
  const UniqueFd filling(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(filling.get(), silent.Generic(), sizeof(silent.address)), 0);
  const auto start = steady_clock::now();
  addrinfo last = silent.Info();
  addrinfo middle = silent.Info(&last);
  addrinfo first = silent.Info(&middle);
  const auto fd = ConnectAny(&first, SOCK_STREAM, start + milliseconds(150));
  EXPECT_EQ(fd.error().message, "no answer in time");
  EXPECT_GE(steady_clock::now() - start, milliseconds(150));
}

}  // namespace
}  // namespace nezuban::sinks
