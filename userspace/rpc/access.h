// SPDX-License-Identifier: Apache-2.0
// Who may call what. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace nezuban::rpc {

// Each may what those before it may.
enum class Role : std::uint8_t { kNone, kRead, kAdminister };

// Globs on the names in a client's certificate: its common name and its alternative names.
struct AccessRules {
  std::vector<std::string> readers = {"*"};
  std::vector<std::string> administrators;
};

// The rules as they are now. Thread-safe.
class Access {
 public:
  explicit Access(AccessRules rules) { Set(std::move(rules)); }
  // For calls from now on; those that are open go on.
  void Set(AccessRules rules) {
    auto next = std::make_shared<const AccessRules>(std::move(rules));
    const std::lock_guard lock(mutex_);
    rules_ = std::move(next);
  }
  std::shared_ptr<const AccessRules> rules() const {
    const std::lock_guard lock(mutex_);
    return rules_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AccessRules> rules_;
};

// Who can open the unix socket may do everything: its permissions decide. Over TLS the certificate
// decides, which was verified before any call. Plain TCP is this machine's, and anybody's on it:
// read.
Role RoleOf(const grpc::ServerContextBase& context, const AccessRules& rules);

// OK, or PERMISSION_DENIED with what is missing.
grpc::Status Require(Role wanted, const grpc::ServerContextBase& context, const AccessRules& rules);

// Who may keep a place under `name` in the store, and move it: an administrator under any; a reader
// under the names of its certificate only, or it could have another's alerts skipped. An empty name
// keeps no place. OK, or PERMISSION_DENIED.
grpc::Status RequirePlace(const std::string& name, const grpc::ServerContextBase& context,
                          const AccessRules& rules);

}  // namespace nezuban::rpc
