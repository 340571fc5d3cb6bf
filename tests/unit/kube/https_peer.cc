// SPDX-License-Identifier: Apache-2.0
#include "unit/kube/https_peer.h"

#include <sys/socket.h>

#include <array>
#include <csignal>
#include <utility>

#include "base/check.h"

namespace nezuban::kube {

HttpsPeer::HttpsPeer(const std::string& certificate, const std::string& key, Handler handler)
    : handler_(std::move(handler)), context_(::SSL_CTX_new(::TLS_server_method())) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to what the client has left
  CHECK(::SSL_CTX_use_certificate_file(context_, certificate.c_str(), SSL_FILETYPE_PEM) == 1);
  CHECK(::SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) == 1);
  thread_ = std::thread([this] { Run(); });
}

HttpsPeer::~HttpsPeer() {
  stopping_ = true;
  ::shutdown(listener_.fd.get(), SHUT_RDWR);  // ends accept
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  ::SSL_CTX_free(context_);
}

void HttpsPeer::Run() {
  while (!stopping_) {
    const int fd = ::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    connections_.emplace_back([this, fd] { Serve(fd); });
  }
}

void HttpsPeer::Serve(int fd) {
  const UniqueFd owned(fd);
  constexpr timeval kPatience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  SSL* ssl = ::SSL_new(context_);
  ::SSL_set_fd(ssl, fd);
  std::string request;
  if (::SSL_accept(ssl) == 1) {
    std::array<char, 4096> part{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const int n = ::SSL_read(ssl, part.data(), part.size());
      if (n <= 0) break;
      request.append(part.data(), static_cast<std::size_t>(n));
    }
    if (!request.empty()) {
      handler_(request, [&](std::string_view bytes) {
        return !stopping_ && (bytes.empty() ||
                              ::SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) > 0);
      });
    }
    ::SSL_shutdown(ssl);
  }
  ::SSL_free(ssl);
}

std::string HttpAnswer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace nezuban::kube
