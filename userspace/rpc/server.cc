// SPDX-License-Identifier: Apache-2.0
#include "rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "rpc/access.h"
#include "rpc/address.h"
#include "rpc/admin_service.h"
#include "rpc/quiet.h"
#include "rpc/services.h"
#include "rpc/socket_lock.h"
#include "rpc/tcp_acceptor.h"
#include "rpc/tls.h"

namespace nezuban::rpc {
namespace {

constexpr int kMaxRequestBytes = 64 << 10;  // the largest valid request is about 17 KiB
constexpr int kMaxStreamsPerConnection = 256;
constexpr int kMaxHeaderBytes = 16 << 10;
constexpr int kIdleMs = 5 * 60'000;  // a connection without a call
// A certificate that has expired, or is no longer trusted, is asked for again. Streams may end
// themselves meanwhile; whoever reads goes on where it was.
constexpr int kMaxAgeMs = 12 * 3600'000;
constexpr int kMaxAgeGraceMs = 5 * 60'000;
// What connections and their calls hold; above it gRPC takes no more of them. Encoded alerts have
// their own bound.
constexpr std::size_t kMaxConnectionBytes = std::size_t{256} << 20;
// A peer that does not answer a ping (a stopped process, a half-open connection) is dropped.
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinPingIntervalMs = 10'000;  // more frequent pings of a client end its connection
// Reflection is a blocking service: without a bound each of its streams would hold a thread.
constexpr int kMaxBlockingThreads = 8;
constexpr mode_t kPrivate = S_IRWXG | S_IRWXO | S_IXUSR;

// Sets the umask for a scope.
class [[nodiscard]] ScopedUmask {
 public:
  explicit ScopedUmask(mode_t mask) : before_(::umask(mask)) {}
  ~ScopedUmask() { ::umask(before_); }
  ScopedUmask(const ScopedUmask&) = delete;
  ScopedUmask& operator=(const ScopedUmask&) = delete;

 private:
  const mode_t before_;
};

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("nezuban");
  quota.SetMaxThreads(kMaxBlockingThreads);
  quota.Resize(kMaxConnectionBytes);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             static_cast<int>(options.handshake_timeout.count()));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kMaxAgeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kMaxAgeGraceMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
}

// The standard health service knows the whole server by itself, services only if told.
void SetHealthy(grpc::Server& server) {
  grpc::HealthCheckServiceInterface* health = server.GetHealthCheckService();
  health->SetServingStatus(v1::AlertService::service_full_name(), true);
  health->SetServingStatus(v1::NodeService::service_full_name(), true);
  health->SetServingStatus(v1::AdminService::service_full_name(), true);
}

struct TcpPort {
  std::string target;  // empty: none
  std::shared_ptr<grpc::ServerCredentials> credentials;
};

Result<TcpPort> MakeTcpPort(const ServerOptions& options) {
  TcpPort port;
  if (options.tls) {
    ASSIGN_OR_RETURN(port.target, TlsTarget(options.tcp_address));
    ASSIGN_OR_RETURN(port.credentials, ServerTls(*options.tls));
  } else if (!options.tcp_address.empty()) {
    ASSIGN_OR_RETURN(port.target, LoopbackTarget(options.tcp_address));
    port.credentials = grpc::InsecureServerCredentials();
  }
  return port;
}

}  // namespace

// In the order of construction; destroyed the other way round, so the lock goes last.
struct Server::Impl {
  Impl(store::Store& store, const ServerOptions& options, StatusProvider provider, AdminCalls calls)
      : access({options.tls_readers, options.tls_administrators}),
        status(std::move(provider)),
        stream(store, options.stream, [this] { return Totals(status()); }),
        alerts(stream, access),
        node(stream, status, access),
        admin(std::move(calls), access) {}

  std::optional<SocketLock> lock;
  Access access;
  const StatusProvider status;
  AlertStream stream;
  AlertService alerts;
  NodeService node;
  AdminService admin;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<TcpAcceptor> tcp;  // null: none
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, store::Store& store,
                                              StatusProvider status, AdminCalls admin,
                                              std::optional<SocketLock> lock) {
  ASSIGN_OR_RETURN(const std::string unix_target, UnixTarget(options.socket_path));
  ASSIGN_OR_RETURN(const TcpPort tcp, MakeTcpPort(options));
  if (!lock) {
    ASSIGN_OR_RETURN(auto acquired, SocketLock::Acquire(options.socket_path));
    lock.emplace(std::move(acquired));
  }
  QuietLibraries();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  auto impl = std::make_unique<Impl>(store, options, std::move(status), std::move(admin));
  impl->lock.emplace(*std::move(lock));
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  builder.RegisterService(&impl->alerts);
  builder.RegisterService(&impl->node);
  builder.RegisterService(&impl->admin);
  int unix_port = 0;
  builder.AddListeningPort(unix_target, grpc::InsecureServerCredentials(), &unix_port);
  std::unique_ptr<TcpAcceptor::Taker> taker;
  if (!tcp.target.empty()) {
    ASSIGN_OR_RETURN(impl->tcp, TcpAcceptor::Listen(tcp.target, options.tcp_limits));
    using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    taker = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, tcp.credentials);
  }
  {
    ScopedUmask umask(kPrivate);
    impl->server = builder.BuildAndStart();
  }
  if (impl->server == nullptr) {
    return Fail("listen on " + options.socket_path + ": cannot be had");
  }
  if (impl->tcp != nullptr) impl->tcp->Start(std::move(taker));
  SetHealthy(*impl->server);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

StreamCounters Server::counters() const { return impl_->stream.counters(); }

void Server::SetAccess(std::vector<std::string> readers, std::vector<std::string> administrators) {
  impl_->access.Set({std::move(readers), std::move(administrators)});
}

std::uint16_t Server::tcp_port() const { return impl_->tcp != nullptr ? impl_->tcp->port() : 0; }

void Server::Stop(std::chrono::milliseconds grace) {
  if (impl_->server == nullptr) return;
  if (impl_->tcp != nullptr) impl_->tcp->Stop();
  impl_->stream.Drain();
  // Streams still open at the deadline are cancelled; Shutdown returns when no call is left.
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
  impl_->stream.WaitUntilEmpty();
  impl_->server.reset();
  impl_->lock.reset();
}

}  // namespace nezuban::rpc
