// SPDX-License-Identifier: Apache-2.0
// The key `sinks` of nezuban.yaml. The types and their options are the table in sinks/types.cc.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "sinks/options.h"

namespace YAML {
class Node;
}

namespace nezuban::daemon {

// Reads a list of sinks, or one. Adds a problem with its place in `path` for whatever is wrong.
void ReadSinks(const YAML::Node& node, const std::string& path,
               std::vector<sinks::SinkOptions>& sinks, Diagnostics& diagnostics);

// The same from text: what a flag was given.
void ReadSinks(const std::string& text, std::vector<sinks::SinkOptions>& sinks,
               Diagnostics& diagnostics);

}  // namespace nezuban::daemon
