// SPDX-License-Identifier: Apache-2.0
// Which files a list of paths stands for, and their content.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"

namespace nezuban::ruleset {

// x.test.yaml, x.test.yml
bool IsTestFile(std::string_view path);

// Files as they are; of directories the *.yaml and *.yml that `wanted` accepts, sorted by name.
std::vector<std::string> ExpandPaths(std::span<const std::string> paths,
                                     const std::function<bool(std::string_view)>& wanted,
                                     Diagnostics& diagnostics);

// nullopt with the reason in `diagnostics`. Never more than kMaxFileBytes.
std::optional<std::string> ReadFile(const std::string& path, Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
