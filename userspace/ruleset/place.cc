// SPDX-License-Identifier: Apache-2.0
#include "ruleset/place.h"

#include <algorithm>
#include <string>

namespace nezuban::ruleset {
namespace {

bool LacksNames(const state::Container* container) {
  return container == nullptr || container->metadata.lacks_names();
}

alert::Workload WorkloadOf(const state::Container& container) {
  const state::ContainerMetadata& metadata = container.metadata;
  return {metadata.name, metadata.image, metadata.pod.name, metadata.pod.ns, metadata.pod.uid};
}

void AddUncertain(const std::string& name, alert::Alert& alert) {
  if (std::ranges::find(alert.uncertain, name) == alert.uncertain.end()) {
    alert.uncertain.push_back(name);
  }
}

// The names of the fields that would say what is missing.
void AddMissing(const state::Container* container, alert::Alert& alert) {
  if (container == nullptr) {
    alert.metadata_known = false;
    return;
  }
  const state::ContainerMetadata& metadata = container->metadata;
  if (!metadata.lacks_names()) return;
  alert.metadata_known = false;
  if (metadata.pod.name.empty()) AddUncertain("k8s.pod.name", alert);
  if (metadata.pod.ns.empty()) AddUncertain("k8s.ns.name", alert);
  if (metadata.image.empty()) AddUncertain("container.image", alert);
}

}  // namespace

bool PlaceMayBeCompleted(const state::EnrichedEvent& event) {
  return LacksNames(event.container) || LacksNames(event.origin);
}

void SetPlace(const state::Container* container, alert::Alert& alert) {
  alert.container_known = container != nullptr;
  if (container != nullptr) {
    alert.container_id = container->full_id;
    alert.container_runtime = container->runtime;
    alert.workload = WorkloadOf(*container);
  }
  AddMissing(container, alert);
}

void SetPlace(const state::EnrichedEvent& event, alert::Alert& alert) {
  SetPlace(event.container, alert);
  alert.origin_known = event.origin != nullptr;
  if (event.origin != nullptr) {
    alert.origin = event.origin->full_id;
    alert.origin_workload = WorkloadOf(*event.origin);
  }
  AddMissing(event.origin, alert);
}

}  // namespace nezuban::ruleset
