// SPDX-License-Identifier: Apache-2.0
// Any bytes as an API server's answers: as a list, as changes line by line, as an object.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "kube/answers.h"
#include "kube/cache.h"
#include "kube/wanted.h"
#include "kube/watch.h"

using namespace nezuban;  // NOLINT: a test

namespace {

void CheckBounds(const kube::Object& object) {
  CHECK(kube::IsName(object.name) && kube::IsName(object.uid));
  CHECK(object.ns.empty() || kube::IsName(object.ns));
  CHECK(object.labels.list.size() <= state::kMaxLabels);
  if (!object.controller) return;
  const std::string path = kube::OwnerPath(*object.controller, object.ns);
  CHECK(path.find("/.") == std::string::npos);
  CHECK(path.find_first_of("?#% ") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto object = kube::ParseObject(text)) CheckBounds(*object);
  if (const auto list = kube::ParseList(text)) {
    for (const kube::Object& object : list->objects) CheckBounds(object);
  }
  CHECK(kube::ParseMessage(text).size() <= 256);

  const kube::CacheLimits limits{.pods = 8, .ended_pods = 2, .namespaces = 8, .owners = 8};
  kube::Pods pods(limits);
  kube::Namespaces namespaces(limits);
  kube::Owners owners(limits);
  kube::Watch watch("/api/v1/pods", "", pods);
  std::string problem;
  watch.NextPath(1);
  watch.TakeEnd({.status = 200, .body = std::string(text)}, problem);
  watch.NextPath(1);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (!watch.TakeLine(rest.substr(0, end)) || end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  kube::Wanted wanted(pods, namespaces, owners, 8, std::chrono::seconds(1));
  pods.ForEach([&](const std::string& uid, const kube::Object& pod) {
    CheckBounds(pod);
    wanted.Add(uid, kube::Time());
  });
  wanted.Tell(true, kube::Time());
  CHECK(pods.size() <= 8 && owners.size() <= 8);
  return 0;
}
