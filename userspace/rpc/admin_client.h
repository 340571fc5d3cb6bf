// SPDX-License-Identifier: Apache-2.0
// AdminClient: what the tool of a command line asks a monitor's AdminService.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/result.h"
#include "rpc/admin.h"
#include "rpc/endpoint.h"

namespace nezuban::rpc {

// Each call connects anew. Errors: exit code 1 for a request that is refused, 2 if there is no
// answer.
class AdminClient {
 public:
  // Checks the endpoint without connecting.
  static Result<AdminClient> Create(const Endpoint& endpoint);
  AdminClient(AdminClient&&) noexcept;
  ~AdminClient();

  Result<std::vector<LoadedRule>> ListRules(std::chrono::milliseconds timeout);
  Result<CheckedRules> CheckRules(const std::vector<RuleFile>& files,
                                  std::chrono::milliseconds timeout);
  Result<ReloadedRules> ReloadRules(std::chrono::milliseconds timeout);
  Result<std::vector<state::Container>> ListContainers(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit AdminClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nezuban::rpc
