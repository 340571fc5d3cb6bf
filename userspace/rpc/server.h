// SPDX-License-Identifier: Apache-2.0
// The gRPC service of one node: alerts, status, administration, health and reflection, on a unix
// socket and, if asked for, on TCP: with mutual TLS, or on loopback.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rpc/admin.h"
#include "rpc/alert_stream.h"
#include "rpc/node_status.h"
#include "rpc/socket_lock.h"
#include "store/store.h"

namespace nezuban::rpc {

// Files, all in PEM.
struct TlsOptions {
  std::string certificate;       // ours, and those that vouch for it up to a CA
  std::string key;               // of it
  std::string client_ca;         // what vouches for clients' certificates
  unsigned refresh_seconds = 5;  // how often the files are looked at
};

// Of connections over TCP; each takes a descriptor and, before the peer has shown who it is,
// memory.
struct TcpLimits {
  std::size_t connections = 512;  // further ones wait in the kernel's queue
  // Further ones are closed at once; so are those of an address that would have more than are left
  // for all others: the fewer places there are, the fewer of them one gets. The last eighth is for
  // addresses that have few: of 512 places, four each.
  std::size_t of_one_address = 256;
};

struct ServerOptions {
  std::string socket_path = "/run/nezuban/nezuban.sock";
  // "127.0.0.1:PORT" or "[::1]:PORT", with TLS any "ADDRESS:PORT"; empty: no TCP
  std::string tcp_address;
  std::optional<TlsOptions> tls;  // for tcp_address
  // Globs on names in clients' certificates: who may read, and who may do everything.
  std::vector<std::string> tls_readers = {"*"};
  std::vector<std::string> tls_administrators;
  StreamOptions stream;
  TcpLimits tcp_limits;
  // Who connects and then says nothing, or does not finish the handshake, holds a descriptor.
  std::chrono::milliseconds handshake_timeout{10'000};
};

// Thread-safe but for Stop and destruction.
class Server {
 public:
  // Listens once it returns. The socket is 0600 from its first moment: the process's umask is
  // changed for that long, so files other threads create meanwhile are private too. Errors: exit
  // code 1 for an address or a TLS file that is not allowed, 2 for an address that is in use or
  // cannot be had.
  // `lock` is the socket's, if the caller has it already. REQUIRES: the store outlives it.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, store::Store& store,
                                               StatusProvider status, AdminCalls admin,
                                               std::optional<SocketLock> lock = std::nullopt);
  ~Server();

  StreamCounters counters() const;
  // Globs as in the options, for calls from now on; those that are open go on.
  void SetAccess(std::vector<std::string> readers, std::vector<std::string> administrators);
  // The TCP port that was taken, 0 without TCP.
  std::uint16_t tcp_port() const;

  // Lets subscribers read what is queued for at most `grace`, ends their streams, removes the
  // socket and the lock. For all that was published to come, close the store before. Again:
  // nothing.
  void Stop(std::chrono::milliseconds grace = std::chrono::milliseconds(500));

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nezuban::rpc
