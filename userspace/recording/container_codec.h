// SPDX-License-Identifier: Apache-2.0
// Containers and their pods ↔ messages of proto/nezuban/v1/recording.proto. For codec.cc.
#pragma once

#include "nezuban/v1/recording.pb.h"
#include "state/cluster_metadata.h"
#include "state/process.h"

namespace nezuban::recording {

void ContainerToMessage(const state::Container& container, v1::RecordedContainer& out);
state::Container ContainerFromMessage(const v1::RecordedContainer& in);

void ClusterToMessage(const state::ClusterItem& item, v1::RecordedCluster& out);
state::ClusterItem ClusterFromMessage(const v1::RecordedCluster& in);

}  // namespace nezuban::recording
