// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "testlib/loopback.h"

namespace nezuban::sinks {

// An HTTP server on 127.0.0.1 that gives every request the same answer, and closes the connection.
class HttpPeer {
 public:
  // `answer` is the whole of it, from its status line on.
  explicit HttpPeer(std::string answer);
  ~HttpPeer();

  std::uint16_t port() const { return listener_.port; }

 private:
  void Run();

  const std::string answer_;
  testlib::LoopbackListener listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace nezuban::sinks
