// SPDX-License-Identifier: Apache-2.0
// TcpAcceptor: the TCP connections of the service, a bounded number of them. gRPC itself accepts
// until the process has no descriptor left, and whoever can reach the port, with a certificate or
// without, would keep the sensors from opening a file. For rpc/'s own .cc files only: it includes
// gRPC.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "rpc/server.h"

namespace nezuban::rpc {

class TcpAcceptor {
 public:
  // Listens, and leaves who connects waiting. `target` is one of address.h's, with numbers. Error
  // (exit 2): the port is in use or not allowed.
  static Result<std::unique_ptr<TcpAcceptor>> Listen(const std::string& target, TcpLimits limits);
  ~TcpAcceptor() { Stop(); }
  TcpAcceptor(const TcpAcceptor&) = delete;
  TcpAcceptor& operator=(const TcpAcceptor&) = delete;

  using Taker = grpc::experimental::ExternalConnectionAcceptor;
  // Hands connections to `taker` from now on. REQUIRES: its server has been started.
  void Start(std::unique_ptr<Taker> taker);
  // Closes the port. Before the server is shut down. Again: nothing.
  void Stop();

  std::uint16_t port() const;

 private:
  // gRPC does not say when it closes one: then the descriptor is no more this socket.
  struct Connection {
    int fd = -1;
    ino_t inode = 0;
    std::string address;
  };

  TcpAcceptor(UniqueFd listener, UniqueFd wake, TcpLimits limits);
  void Run();
  void AcceptOne();
  std::size_t PlacesOfOne() const;
  void ForgetClosed();

  UniqueFd listener_;
  const UniqueFd wake_;  // an eventfd
  const TcpLimits limits_;
  std::unique_ptr<Taker> taker_;
  std::vector<Connection> connections_;  // of the thread
  std::thread thread_;
};

}  // namespace nezuban::rpc
