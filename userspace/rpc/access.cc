// SPDX-License-Identifier: Apache-2.0
#include "rpc/access.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rpc/refusal.h"

namespace nezuban::rpc {
namespace {

constexpr std::array kNameProperties = {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME};

bool IsTls(const grpc::AuthContext& peer) {
  const auto type = peer.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return !type.empty() && (type.front() == GRPC_SSL_TRANSPORT_SECURITY_TYPE ||
                           type.front() == GRPC_TLS_TRANSPORT_SECURITY_TYPE);
}

// A name with a NUL is taken for another by whoever stops reading there.
std::vector<std::string> NamesOf(const grpc::AuthContext& peer) {
  std::vector<std::string> names;
  for (const char* property : kNameProperties) {
    for (const grpc::string_ref& value : peer.FindPropertyValues(property)) {
      std::string name(value.data(), value.size());
      if (!name.empty() && name.find('\0') == std::string::npos) names.push_back(std::move(name));
    }
  }
  return names;
}

bool AnyMatches(const std::vector<std::string>& globs, const std::vector<std::string>& names) {
  return std::ranges::any_of(globs, [&](const std::string& glob) {
    return std::ranges::any_of(names,
                               [&](const std::string& name) { return GlobMatch(glob, name); });
  });
}

}  // namespace

Role RoleOf(const grpc::ServerContextBase& context, const AccessRules& rules) {
  const auto peer = context.auth_context();
  if (peer == nullptr || !IsTls(*peer)) {
    return context.peer().starts_with("unix:") ? Role::kAdminister : Role::kRead;
  }
  const std::vector<std::string> names = NamesOf(*peer);
  if (!peer->IsPeerAuthenticated()) return Role::kNone;
  if (AnyMatches(rules.administrators, names)) return Role::kAdminister;
  return AnyMatches(rules.readers, names) ? Role::kRead : Role::kNone;
}

grpc::Status Require(Role wanted, const grpc::ServerContextBase& context,
                     const AccessRules& rules) {
  const Role role = RoleOf(context, rules);
  if (role >= wanted) return grpc::Status::OK;
  if (role == Role::kRead) {
    return Denied("ADMINISTRATORS_ONLY",
                  "only administrators may: callers on the unix socket, and certificates that "
                  "tls_administrators names");
  }
  return Denied("CERTIFICATE_NOT_NAMED",
                "no name in this certificate is among tls_readers or tls_administrators");
}

grpc::Status RequirePlace(const std::string& name, const grpc::ServerContextBase& context,
                          const AccessRules& rules) {
  if (name.empty() || RoleOf(context, rules) == Role::kAdminister) return grpc::Status::OK;
  const auto peer = context.auth_context();
  if (peer != nullptr && IsTls(*peer)) {
    const std::vector<std::string> names = NamesOf(*peer);
    if (std::ranges::find(names, name) != names.end()) return grpc::Status::OK;
  }
  return Denied("NAME_OF_ANOTHER",
                "name: only administrators may choose one; others have those of their "
                "certificates");
}

}  // namespace nezuban::rpc
