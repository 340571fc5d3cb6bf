// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>

#include "testlib/loopback.h"

namespace nezuban::kube {

// An HTTPS server on 127.0.0.1: each connection has a thread and takes one request.
class HttpsPeer {
 public:
  // Sends bytes as they are; false: the other end, or the test, is gone.
  using Send = std::function<bool(std::string_view bytes)>;
  // `request`: its head, from the request line on. Called by several threads.
  using Handler = std::function<void(const std::string& request, const Send& send)>;

  HttpsPeer(const std::string& certificate, const std::string& key, Handler handler);
  ~HttpsPeer();

  std::string url() const { return "https://127.0.0.1:" + std::to_string(listener_.port); }

 private:
  void Run();
  void Serve(int fd);

  const Handler handler_;
  SSL_CTX* context_ = nullptr;
  testlib::LoopbackListener listener_;
  std::atomic<bool> stopping_{false};
  std::list<std::thread> connections_;
  std::thread thread_;
};

// A whole answer.
std::string HttpAnswer(const std::string& status, const std::string& body);

}  // namespace nezuban::kube
