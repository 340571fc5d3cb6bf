// SPDX-License-Identifier: Apache-2.0
// What a rule file demands of the engine that loads it: required_engine_version and
// required_plugin_versions.
#pragma once

#include "base/diagnostics.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {

// An error where the file asks for a newer or another engine: "0.57.0", or 57 for 0.57.0.
void CheckEngineVersion(const YamlNode& node, Diagnostics& diagnostics);

// A warning for each plugin that is not built in, or not in that version: the rules that need it
// say themselves what they lack.
void CheckPluginVersions(const YamlNode& node, Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
