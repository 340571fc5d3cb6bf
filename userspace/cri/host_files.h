// SPDX-License-Identifier: Apache-2.0
// What runtimes keep on the node: their sockets, and the bundles of their containers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nezuban::cri {

// Sockets of runtimes that are there, below `host_root` ("/" or where the node's root is mounted),
// the likeliest first.
std::vector<std::string> FindSockets(const std::string& host_root);

// config.json of the container's bundle, empty: not there, or larger than 4 MiB. REQUIRES: `id` is
// no path.
std::string ReadBundle(const std::string& host_root, std::string_view id);

// What runtimes of pods call their containers: 64 hexadecimal digits.
bool IsContainerId(std::string_view id);

}  // namespace nezuban::cri
