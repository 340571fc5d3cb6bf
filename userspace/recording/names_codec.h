// SPDX-License-Identifier: Apache-2.0
// Names of users ↔ messages of proto/nezuban/v1/recording.proto. For codec.cc.
#pragma once

#include "nezuban/v1/recording.pb.h"
#include "state/item.h"

namespace nezuban::recording {

void NamesToMessage(const state::NamesItem& item, v1::RecordedNames& out);
state::NamesItem NamesFromMessage(const v1::RecordedNames& in);

}  // namespace nezuban::recording
