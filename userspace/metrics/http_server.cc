// SPDX-License-Identifier: Apache-2.0
#include "metrics/http_server.h"

#include <civetweb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>
#include <utility>

#include "base/unique_fd.h"

namespace nezuban::metrics {
namespace {

struct Answer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
};

Answer Verdict(const std::string& problem) {
  if (problem.empty()) return {.body = "ok\n"};
  return {.status = 503, .body = problem + "\n"};
}

struct Page {
  std::string_view path;
  Answer (*make)(const Pages& pages);
};
constexpr std::array kPages = {
    Page{"/metrics",
         [](const Pages& pages) {
           return Answer{.type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = pages.metrics()};
         }},
    Page{"/healthz", [](const Pages& pages) { return Verdict(pages.unhealthy()); }},
    Page{"/readyz", [](const Pages& pages) { return Verdict(pages.unready()); }},
};

Answer Find(const mg_request_info& request, const Pages& pages) {
  const std::string_view method = request.request_method;
  if (method != "GET" && method != "HEAD") return {.status = 405, .body = "only GET\n"};
  for (const Page& page : kPages) {
    if (page.path == request.local_uri) return page.make(pages);
  }
  return {.status = 404, .body = "/metrics, /healthz or /readyz\n"};
}

std::string_view Words(int status) {
  return status == 200   ? "OK"
         : status == 404 ? "Not Found"
         : status == 405 ? "Method Not Allowed"
                         : "Service Unavailable";
}

int Handle(mg_connection* connection, void* server) {
  const mg_request_info& request = *::mg_get_request_info(connection);
  const Answer answer = Find(request, static_cast<const HttpServer*>(server)->pages());
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  head.append(Words(answer.status)).append("\r\nContent-Type: ").append(answer.type);
  head += "\r\nContent-Length: " + std::to_string(answer.body.size());
  head += "\r\nConnection: close\r\n\r\n";
  if (std::string_view(request.request_method) != "HEAD") head += answer.body;
  ::mg_write(connection, head.data(), head.size());
  return answer.status;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, Pages pages) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(pages)));
  const char* options[] = {"listening_ports",
                           address.c_str(),
                           "num_threads",
                           "3",
                           "request_timeout_ms",
                           "5000",
                           "enable_keep_alive",
                           "no",
                           "max_request_size",
                           "8192",
                           nullptr};
  ::mg_init_library(0);
  const mg_callbacks callbacks{};
  server->context_ = ::mg_start(&callbacks, server.get(), options);
  if (server->context_ == nullptr) {
    ::mg_exit_library();
    return Fail("metrics: cannot listen on " + address + ": is another monitor running?");
  }
  ::mg_set_request_handler(server->context_, "/", Handle, server.get());
  return server;
}

int HttpServer::port() const {
  mg_server_port port{};
  return ::mg_get_server_ports(context_, 1, &port) == 1 ? port.port : 0;
}

HttpServer::~HttpServer() {
  if (context_ == nullptr) return;
  // The library looks whether it is to stop once in two seconds, and after each connection.
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::jthread waker([address](const std::stop_token& stop) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
      const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(
          ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  ::mg_stop(context_);
  ::mg_exit_library();
}

}  // namespace nezuban::metrics
