// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/endpoint.h"

namespace CLI {
class App;
}

namespace nezuban::cli {

// Adds --address and --tls-…: where a running monitor is. `endpoint` must outlive the parsing.
void AddClientOptions(CLI::App& command, rpc::Endpoint& endpoint);

}  // namespace nezuban::cli
