// SPDX-License-Identifier: Apache-2.0
#include "rpc/channel.h"

#include <utility>

#include "base/read_file.h"
#include "rpc/address.h"
#include "rpc/bad_input.h"
#include "rpc/quiet.h"

namespace nezuban::rpc {
namespace {

Result<std::string> ReadGivenPem(const std::string& path) {
  constexpr std::size_t kMaxFile = std::size_t{1} << 20;
  if (path.empty()) return std::string();
  auto text = ReadFile(path, kMaxFile);
  if (text) return *std::move(text);
  return Fail(path + ": cannot be read: " + text.error().message, kBadInput);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const Endpoint& endpoint) {
  if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty()) {
    return Fail("a TLS certificate and its key go together", kBadInput);
  }
  grpc::SslCredentialsOptions options;
  ASSIGN_OR_RETURN(options.pem_root_certs, ReadGivenPem(endpoint.tls_ca));
  ASSIGN_OR_RETURN(options.pem_cert_chain, ReadGivenPem(endpoint.tls_certificate));
  ASSIGN_OR_RETURN(options.pem_private_key, ReadGivenPem(endpoint.tls_key));
  return grpc::SslCredentials(options);
}

}  // namespace

Result<Target> ToTarget(const Endpoint& endpoint) {
  QuietLibraries();
  Target target{endpoint.address, {}, nullptr, endpoint.tls_name};
  if (!endpoint.tls_ca.empty()) {
    ASSIGN_OR_RETURN(target.target, RemoteTarget(endpoint.address));
    ASSIGN_OR_RETURN(target.credentials, ClientTls(endpoint));
    return target;
  }
  if (!endpoint.tls_certificate.empty() || !endpoint.tls_key.empty() ||
      !endpoint.tls_name.empty()) {
    return Fail("TLS needs the certificate of the CA that vouches for the monitor", kBadInput);
  }
  ASSIGN_OR_RETURN(target.target, ClientTarget(endpoint.address));
  target.credentials = grpc::InsecureChannelCredentials();
  return target;
}

std::shared_ptr<grpc::Channel> Connect(const Target& target) {
  constexpr int kKeepaliveMs = 30'000;  // notices a monitor that hangs or a connection that broke
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the peer is a node, not the Internet
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  if (!target.tls_name.empty()) arguments.SetSslTargetNameOverride(target.tls_name);
  return grpc::CreateCustomChannel(target.target, target.credentials, arguments);
}

void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
}

Error ToError(const std::string& address, const grpc::Status& status) {
  const bool bad_request = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
                           status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
                           status.error_code() == grpc::StatusCode::PERMISSION_DENIED ||
                           status.error_code() == grpc::StatusCode::NOT_FOUND;
  return {address + ": " + status.error_message(), bad_request ? 1 : 2};
}

}  // namespace nezuban::rpc
