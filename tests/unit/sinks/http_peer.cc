// SPDX-License-Identifier: Apache-2.0
#include "unit/sinks/http_peer.h"

#include <sys/socket.h>

#include <array>
#include <utility>

#include "base/check.h"

namespace nezuban::sinks {
namespace {

// Up to the end of its body, or of the connection.
void ReadRequest(int fd) {
  std::string request;
  std::array<char, 65536> part{};
  while (true) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t length = request.find("Content-Length: ");
      const std::size_t body =
          length < head ? std::stoul(request.substr(length + sizeof("Content-Length: ") - 1)) : 0;
      if (request.size() >= head + 4 + body) return;
    }
    const ssize_t n = ::recv(fd, part.data(), part.size(), 0);
    if (n <= 0) return;
    request.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

HttpPeer::HttpPeer(std::string answer) : answer_(std::move(answer)) {
  thread_ = std::thread([this] { Run(); });
}

HttpPeer::~HttpPeer() {
  stopping_ = true;
  ::shutdown(listener_.fd.get(), SHUT_RDWR);  // ends accept
  thread_.join();
}

void HttpPeer::Run() {
  while (!stopping_) {
    const UniqueFd fd(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    ReadRequest(fd.get());
    for (std::string_view rest = answer_; !rest.empty();) {
      const ssize_t n = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    ::shutdown(fd.get(), SHUT_WR);
  }
}

}  // namespace nezuban::sinks
