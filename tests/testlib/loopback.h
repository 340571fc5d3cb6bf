// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/check.h"
#include "base/unique_fd.h"

namespace nezuban::testlib {

// A TCP socket that listens on a port of 127.0.0.1 that was free.
struct LoopbackListener {
  explicit LoopbackListener(int backlog = 16)
      : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = OnLoopback(0);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(fd.get(), generic, size) == 0);
    CHECK(::listen(fd.get(), backlog) == 0);
    CHECK(::getsockname(fd.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
  }

  static sockaddr_in OnLoopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  UniqueFd fd;
  std::uint16_t port = 0;
};

}  // namespace nezuban::testlib
