// SPDX-License-Identifier: Apache-2.0
// Containers ↔ messages of proto/nezuban/v1/recording.proto. For codec.cc.
#pragma once

#include "nezuban/v1/recording.pb.h"
#include "state/process.h"

namespace nezuban::recording {

void ContainerToMessage(const state::Container& container, v1::RecordedContainer& out);
state::Container ContainerFromMessage(const v1::RecordedContainer& in);

}  // namespace nezuban::recording
