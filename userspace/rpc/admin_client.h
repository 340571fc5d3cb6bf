// SPDX-License-Identifier: Apache-2.0
// AdminClient: what the tool of a command line asks a monitor's AdminService.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rpc/admin.h"
#include "rpc/endpoint.h"
#include "rpc/event_watch.h"

namespace nezuban::rpc {

// As WatchEventsRequest has it.
struct EventsAskedFor {
  std::string condition;
  std::vector<std::string> fields;
  std::uint32_t one_in = 0;
  std::uint32_t max_per_second = 0;
};

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

  // Calls back until that says false, or the call ends. Error: why it did.
  using EventHandler = std::function<bool(const std::vector<WatchedEvent>&, const WatchCounts&)>;
  Status WatchEvents(const EventsAskedFor& request, const EventHandler& on_events);

 private:
  struct Impl;
  explicit AdminClient(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nezuban::rpc
