// SPDX-License-Identifier: Apache-2.0
// Any bytes as what somebody sends to the metrics' port, who then sends no more: the server answers
// one of its own pages, an error, or nothing, and not for long.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"
#include "metrics/http_server.h"

using namespace nezuban;  // NOLINT: a test

namespace {

constexpr std::string_view kMetrics = "a 1\n";
constexpr std::size_t kLargest = 4096;                   // of an answer
constexpr timeval kPatience{.tv_sec = 8, .tv_usec = 0};  // the server's own is five seconds

std::unique_ptr<metrics::HttpServer> StartServer() {
  auto server = metrics::HttpServer::Start(
      "127.0.0.1:0", {[] { return std::string(kMetrics); }, [] { return std::string(); },
                      [] { return std::string("not yet"); }});
  CHECK(server);
  return *std::move(server);
}

std::string Ask(int port, const std::uint8_t* data, std::size_t size) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  int connected = 0;
  do {
    connected = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } while (connected != 0 && errno == EINTR);
  if (connected != 0 && errno == EADDRNOTAVAIL) return {};  // each port is in use for a minute
  CHECK(connected == 0);
  // It may have answered and gone before all of it is sent.
  static_cast<void>(::send(fd.get(), data, size, MSG_NOSIGNAL));
  ::shutdown(fd.get(), SHUT_WR);
  std::string answer;
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while ((got = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0 ||
         (got < 0 && errno == EINTR)) {
    if (got < 0) continue;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
    CHECK(answer.size() <= kLargest);
  }
  CHECK(got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK));
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<metrics::HttpServer> server = StartServer();
  const std::string answer = Ask(server->port(), data, size);
  // What is no request of a page the library answers by itself; an attempt at a websocket without a
  // status line.
  if (!answer.starts_with("HTTP/1.1 200 ")) return 0;
  const std::size_t body = answer.find("\r\n\r\n");
  CHECK(body != std::string::npos);
  const std::string_view said = std::string_view(answer).substr(body + 4);
  CHECK(said.empty() || said == kMetrics || said == "ok\n");
  return 0;
}
