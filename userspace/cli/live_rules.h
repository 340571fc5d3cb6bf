// SPDX-License-Identifier: Apache-2.0
// What `nezuban rules` asks of a running monitor.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "rpc/endpoint.h"

namespace nezuban::cli {

// Shows problems: on standard error, or on standard output with one JSON object a line.
using ShowProblems = void (*)(const Diagnostics& diagnostics, bool json);

// The rules it has loaded, with the alerts they gave. Returns the exit code, as the others do.
int ListLiveRules(const rpc::Endpoint& endpoint, bool json);

// Has it compile files of this machine, without loading them.
int CheckRulesLive(const rpc::Endpoint& endpoint, const std::vector<std::string>& paths, bool json,
                   ShowProblems show);

// Has it load its own files again.
int ReloadRules(const rpc::Endpoint& endpoint, bool json, ShowProblems show);

}  // namespace nezuban::cli
