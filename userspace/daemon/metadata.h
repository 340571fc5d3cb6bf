// SPDX-License-Identifier: Apache-2.0
// What the container runtime tells, as the pipeline takes it.
#pragma once

#include <optional>

#include "cri/client.h"
#include "daemon/config.h"
#include "daemon/pipeline.h"

namespace nezuban::daemon {

class RuntimeLookup : public ContainerLookup {
 public:
  // Asks nobody and reads nothing if the configuration says so.
  explicit RuntimeLookup(const Config& config);

  bool LookUp(const state::Container& container) override;
  void Drain(const state::ItemHandler& handler) override;
  bool busy() const override;

  cri::ClientCounters counters() const;  // any thread

 private:
  std::optional<cri::Client> client_;
};

}  // namespace nezuban::daemon
