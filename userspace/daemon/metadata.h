// SPDX-License-Identifier: Apache-2.0
// What the container runtime, the API server and the containers' own files tell, as the pipeline
// takes it.
#pragma once

#include <optional>
#include <string>

#include "cri/client.h"
#include "daemon/config.h"
#include "daemon/names.h"
#include "daemon/pipeline.h"
#include "kube/client.h"

namespace nezuban::daemon {

class RuntimeLookup : public ContainerLookup {
 public:
  // Asks nobody and reads nothing if the configuration says so.
  // `proc_root` as the pipeline has it.
  RuntimeLookup(const Config& config, std::string proc_root);

  void Begin(const state::ItemHandler& handler) override;
  bool LookUp(const state::Container& container) override;
  void LookUpNames(const state::NamesWanted& wanted) override;
  void Drain(const state::ItemHandler& handler) override;
  bool busy() const override;

  cri::ClientCounters counters() const;  // any thread
  // nullopt: no API server is asked. Any thread.
  std::optional<kube::ClientCounters> cluster_counters() const;
  NamesCounters names_counters() const;  // any thread

 private:
  std::optional<cri::Client> client_;
  std::optional<kube::Client> cluster_;
  NamesReader names_;
};

}  // namespace nezuban::daemon
