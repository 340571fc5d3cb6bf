// SPDX-License-Identifier: Apache-2.0
#include "rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/read_file.h"
#include "rpc/bad_input.h"

namespace nezuban::rpc {
namespace {

namespace tls = grpc::experimental;

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Result<std::string> ReadPem(const std::string& path) {
  auto text = ReadFile(path, kMaxFile);
  if (text) return *std::move(text);
  return Fail(path + ": cannot be read: " + text.error().message, kBadInput);
}

// The first certificate in it.
Result<Certificate> ReadCertificate(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadPem(path));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return Fail(path + ": expected a certificate in PEM", kBadInput);
  return certificate;
}

// Asks nobody for a passphrase.
Result<Key> ReadKey(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadPem(path));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  char no_passphrase[] = "";
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase));
  ERR_clear_error();
  if (key == nullptr) return Fail(path + ": expected a private key in PEM, unlocked", kBadInput);
  return key;
}

Status CheckFiles(const TlsOptions& options) {
  ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(options.certificate));
  ASSIGN_OR_RETURN(const Key key, ReadKey(options.key));
  const bool matches = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!matches) {
    return Fail(options.key + ": is not the key of " + options.certificate, kBadInput);
  }
  RETURN_IF_ERROR(ReadCertificate(options.client_ca));
  return {};
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsOptions& options) {
  RETURN_IF_ERROR(CheckFiles(options));
  tls::TlsServerCredentialsOptions credentials(
      std::make_shared<tls::FileWatcherCertificateProvider>(
          options.key, options.certificate, options.client_ca, options.refresh_seconds));
  credentials.watch_identity_key_cert_pairs();
  credentials.watch_root_certs();
  credentials.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(credentials);
}

}  // namespace nezuban::rpc
