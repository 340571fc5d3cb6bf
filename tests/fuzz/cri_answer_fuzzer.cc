// SPDX-License-Identifier: Apache-2.0
// Any bytes as a runtime's answers, as the "info" in one, and as a bundle's config.json.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cri/answers.h"
#include "cri/host_files.h"

using namespace nezuban;  // NOLINT: a test

namespace {

void CheckBounds(const state::ContainerMetadata& m) {
  for (const std::string* text : {&m.name, &m.image, &m.image_id, &m.image_digest, &m.pod.name,
                                  &m.pod.ns, &m.pod.uid, &m.pod.sandbox_id, &m.pod.ip}) {
    CHECK(text->size() <= cri::kMaxText);
  }
  CHECK(!m.labels || m.labels->list.size() <= cri::kMaxLabels);
  CHECK(!m.pod.labels || m.pod.labels->list.size() <= cri::kMaxLabels);
  CHECK(!m.annotations || m.annotations->list.size() <= cri::kMaxLabels);
  CHECK(!m.pod.annotations || m.pod.annotations->list.size() <= cri::kMaxLabels);
  CHECK(!m.capabilities || m.capabilities->size() <= cri::kMaxText);
  CHECK(m.pod.cni.size() <= cri::kMaxCni);
  CHECK(!m.mounts || m.mounts->size() <= cri::kMaxMounts);
  const state::ImageName image = state::SplitImageName(m.image);
  CHECK(image.repository.size() + image.tag.size() + image.digest.size() <= m.image.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  state::ContainerMetadata metadata;
  ::runtime::v1::ContainerStatusResponse status;
  if (status.ParseFromArray(data, static_cast<int>(size))) cri::Apply(status, metadata);
  CheckBounds(metadata);
  ::runtime::v1::PodSandboxStatusResponse sandbox;
  if (sandbox.ParseFromArray(data, static_cast<int>(size))) cri::Apply(sandbox, metadata);
  CheckBounds(metadata);
  ::runtime::v1::ContainerStatusResponse around;
  (*around.mutable_info())["info"] = std::string(text);
  around.mutable_status()->mutable_image()->set_image(std::string(text.substr(0, 64)));
  cri::Apply(around, metadata);
  CheckBounds(metadata);
  ::runtime::v1::PodSandboxStatusResponse pod;
  (*pod.mutable_info())["info"] = std::string(text);
  cri::Apply(pod, metadata);
  CheckBounds(metadata);
  state::ContainerMetadata bundle;
  const cri::BundleKind kind = cri::ApplyBundle(text, bundle);
  CHECK((kind == cri::BundleKind::kPods) == !bundle.pod.name.empty());
  CheckBounds(bundle);
  // What it tells of unasked is an id, which is part of paths.
  ::runtime::v1::ContainerEventResponse event;
  if (event.ParseFromArray(data, static_cast<int>(size)) &&
      cri::IsContainerId(event.container_id())) {
    CHECK(event.container_id().find_first_of("./") == std::string::npos);
  }
  return 0;
}
