// SPDX-License-Identifier: Apache-2.0
// Any bytes as nezuban.yaml: read, or refused with a place; never half a sink without a problem.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "daemon/config.h"
#include "sinks/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nezuban::daemon::Config config;
  nezuban::Diagnostics diagnostics;
  nezuban::daemon::ParseConfig(std::string(reinterpret_cast<const char*>(data), size), "fuzz",
                               config, diagnostics);
  for (const nezuban::Diagnostic& d : diagnostics.all()) {
    CHECK(d.position.file == "fuzz" && !d.message.empty());
  }
  if (diagnostics.has_errors()) return 0;
  for (const auto& sink : config.sinks) {
    CHECK(!sink.name.empty() && nezuban::sinks::FindType(sink.type) != nullptr);
    CHECK(sink.type != "file" || sink.file.path.starts_with('/'));
  }
  return 0;
}
