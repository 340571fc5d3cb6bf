// SPDX-License-Identifier: Apache-2.0
// What administrators ask to messages of nezuban.v1 and back. What a peer sent is never trusted to
// be in range. For rpc/'s own .cc files only.
#pragma once

#include <vector>

#include "nezuban/v1/admin_service.pb.h"
#include "rpc/admin.h"
#include "rpc/event_watch.h"

namespace nezuban::rpc {

// As many messages as it takes for each to be well below what clients accept; none for nothing.
std::vector<v1::ListRulesResponse> RulePages(const std::vector<LoadedRule>& rules);
std::vector<v1::ListContainersResponse> ContainerPages(
    const std::vector<state::Container>& containers);

void ToProto(const CheckedRules& checked, v1::CheckRulesResponse& out);
void ToProto(const ReloadedRules& reloaded, v1::ReloadRulesResponse& out);

void ToProto(const std::vector<WatchedEvent>& events, const WatchCounts& counts,
             v1::WatchEventsResponse& out);
std::vector<WatchedEvent> EventsFromProto(const v1::WatchEventsResponse& in);
WatchCounts CountsFromProto(const v1::WatchEventsResponse& in);

LoadedRule FromProto(const v1::Rule& rule);
state::Container FromProto(const v1::KnownContainer& container);
CheckedRules FromProto(const v1::CheckRulesResponse& checked);
ReloadedRules FromProto(const v1::ReloadRulesResponse& reloaded);

}  // namespace nezuban::rpc
