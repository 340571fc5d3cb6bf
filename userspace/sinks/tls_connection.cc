// SPDX-License-Identifier: Apache-2.0
#include "sinks/tls_connection.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

namespace nezuban::sinks {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&::SSL_free)>;

// The first reason in OpenSSL's queue, which is emptied.
std::string Reason() {
  const unsigned long code = ::ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? "the connection broke" : reason;
}

tl::unexpected<Error> FailTls(const std::string& what) { return Fail(what + ": " + Reason()); }

Result<ContextPtr> MakeContext(const TlsOptions& options) {
  ContextPtr context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  if (!context) return FailTls("TLS");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool trust = options.ca.empty() ? ::SSL_CTX_set_default_verify_paths(context.get()) == 1
                                        : ::SSL_CTX_load_verify_locations(
                                              context.get(), options.ca.c_str(), nullptr) == 1;
  if (!trust) return FailTls("read " + options.ca);
  if (options.cert.empty()) return context;
  if (::SSL_CTX_use_certificate_chain_file(context.get(), options.cert.c_str()) != 1) {
    return FailTls("read " + options.cert);
  }
  if (::SSL_CTX_use_PrivateKey_file(context.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context.get()) != 1) {
    return FailTls("read " + options.key);
  }
  return context;
}

// The certificate has to be for this name, or this address.
bool Expect(SSL* ssl, const std::string& name) {
  std::array<unsigned char, 16> parsed{};
  const bool is_address = ::inet_pton(AF_INET, name.c_str(), parsed.data()) == 1 ||
                          ::inet_pton(AF_INET6, name.c_str(), parsed.data()) == 1;
  if (is_address) {
    return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), name.c_str()) == 1;
  }
  ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return ::SSL_set1_host(ssl, name.c_str()) == 1 &&
         ::SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

class TlsConnection final : public Connection {
 public:
  TlsConnection(UniqueFd fd, ContextPtr context, SslPtr ssl)
      : fd_(std::move(fd)), context_(std::move(context)), ssl_(std::move(ssl)) {}
  ~TlsConnection() override {
    // One way: a peer that is gone must not keep us waiting.
    if (ssl_ && usable_) ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
  }

  Status Handshake(Deadline deadline);
  Status Write(std::string_view bytes, Deadline deadline) override;
  Status Flush(Deadline deadline) override;
  Status Check() override;

 private:
  // Whether to try the call again that gave `result`; waits until it makes sense.
  Result<bool> Again(int result, const char* what, Deadline deadline);

  UniqueFd fd_;
  ContextPtr context_;
  SslPtr ssl_;
  bool usable_ = false;
};

Result<bool> TlsConnection::Again(int result, const char* what, Deadline deadline) {
  const int error = ::SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    RETURN_IF_ERROR(WaitFor(fd_.get(), error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline));
    return true;
  }
  usable_ = false;
  const long verified = ::SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    ::ERR_clear_error();
    return Fail(std::string(what) + ": " + ::X509_verify_cert_error_string(verified));
  }
  return FailTls(what);
}

Status TlsConnection::Handshake(Deadline deadline) {
  int result = 0;
  while ((result = ::SSL_connect(ssl_.get())) != 1) {
    ASSIGN_OR_RETURN(const bool again, Again(result, "TLS handshake", deadline));
    static_cast<void>(again);
  }
  usable_ = true;
  // With TLS 1.3 the peer judges our certificate after we are done, and says so, or sends a ticket.
  // What were sent before would be lost with a refusal.
  constexpr std::chrono::milliseconds kVerdict{200};
  if (::SSL_version(ssl_.get()) < TLS1_3_VERSION) return {};
  static_cast<void>(WaitFor(fd_.get(), POLLIN, std::chrono::steady_clock::now() + kVerdict));
  return Check();
}

Status TlsConnection::Write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
    const int n = ::SSL_write(ssl_.get(), bytes.data(), size);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    ASSIGN_OR_RETURN(const bool again, Again(n, "TLS write", deadline));
    static_cast<void>(again);
  }
  return {};
}

Status TlsConnection::Flush(Deadline deadline) {
  RETURN_IF_ERROR(WaitUntilAcknowledged(fd_.get(), deadline));
  return Check();
}

Status TlsConnection::Check() {
  std::array<char, 4096> rubbish{};
  for (int i = 0; i < 16; ++i) {
    const int n = ::SSL_read(ssl_.get(), rubbish.data(), rubbish.size());
    if (n > 0) continue;
    const int error = ::SSL_get_error(ssl_.get(), n);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {};
    usable_ = false;
    if (error == SSL_ERROR_ZERO_RETURN) return Fail("the peer closed the connection");
    return FailTls("TLS");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> ConnectTls(const std::string& address,
                                               const TlsOptions& options, Deadline deadline) {
  ASSIGN_OR_RETURN(ContextPtr context, MakeContext(options));
  ASSIGN_OR_RETURN(UniqueFd fd, ConnectHost(address, SOCK_STREAM, deadline));
  SslPtr ssl(::SSL_new(context.get()), ::SSL_free);
  const std::string name =
      options.server_name.empty() ? SplitHostPort(address).host : options.server_name;
  if (!ssl || ::SSL_set_fd(ssl.get(), fd.get()) != 1 || !Expect(ssl.get(), name)) {
    return FailTls("TLS");
  }
  auto connection =
      std::make_unique<TlsConnection>(std::move(fd), std::move(context), std::move(ssl));
  if (const Status done = connection->Handshake(deadline); !done) {
    return Fail(address, done.error());
  }
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace nezuban::sinks
