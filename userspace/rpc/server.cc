// SPDX-License-Identifier: Apache-2.0
#include "rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "rpc/address.h"
#include "rpc/quiet.h"
#include "rpc/services.h"
#include "rpc/socket_lock.h"

namespace nezuban::rpc {
namespace {

constexpr int kMaxRequestBytes = 64 << 10;  // the largest valid request is about 17 KiB
constexpr int kMaxStreamsPerConnection = 256;
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

void SetLimits(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("nezuban");
  quota.SetMaxThreads(kMaxBlockingThreads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
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
}

}  // namespace

// In the order of construction; destroyed the other way round, so the lock goes last.
struct Server::Impl {
  Impl(store::Store& store, const StreamOptions& options, StatusProvider provider)
      : status(std::move(provider)),
        stream(store, options, [this] { return Totals(status()); }),
        alerts(stream),
        node(stream, status) {}

  std::optional<SocketLock> lock;
  const StatusProvider status;
  AlertStream stream;
  AlertService alerts;
  NodeService node;
  std::unique_ptr<grpc::Server> server;
  int tcp_port = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, store::Store& store,
                                              StatusProvider status,
                                              std::optional<SocketLock> lock) {
  ASSIGN_OR_RETURN(const std::string unix_target, UnixTarget(options.socket_path));
  std::string tcp_target;
  if (!options.tcp_address.empty()) {
    ASSIGN_OR_RETURN(tcp_target, LoopbackTarget(options.tcp_address));
  }
  if (!lock) {
    ASSIGN_OR_RETURN(auto acquired, SocketLock::Acquire(options.socket_path));
    lock.emplace(std::move(acquired));
  }
  QuietLibraries();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  auto impl = std::make_unique<Impl>(store, options.stream, std::move(status));
  impl->lock.emplace(*std::move(lock));
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.RegisterService(&impl->alerts);
  builder.RegisterService(&impl->node);
  int unix_port = 0;
  builder.AddListeningPort(unix_target, grpc::InsecureServerCredentials(), &unix_port);
  if (!tcp_target.empty()) {
    builder.AddListeningPort(tcp_target, grpc::InsecureServerCredentials(), &impl->tcp_port);
  }
  {
    ScopedUmask umask(kPrivate);
    impl->server = builder.BuildAndStart();
  }
  if (impl->server == nullptr) {
    const bool tcp_failed = !tcp_target.empty() && unix_port != 0;
    return Fail("listen on " + (tcp_failed ? tcp_target : options.socket_path) +
                (tcp_failed ? ": the port is in use or not allowed" : ": cannot be had"));
  }
  SetHealthy(*impl->server);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

StreamCounters Server::counters() const { return impl_->stream.counters(); }

std::uint16_t Server::tcp_port() const { return static_cast<std::uint16_t>(impl_->tcp_port); }

void Server::Stop(std::chrono::milliseconds grace) {
  if (impl_->server == nullptr) return;
  impl_->stream.Drain();
  // Streams still open at the deadline are cancelled; Shutdown returns when no call is left.
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
  impl_->stream.WaitUntilEmpty();
  impl_->server.reset();
  impl_->lock.reset();
}

}  // namespace nezuban::rpc
