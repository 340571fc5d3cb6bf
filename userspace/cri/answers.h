// SPDX-License-Identifier: Apache-2.0
// What a runtime answers → what we keep of it. An answer is not trusted: every text and list is cut
// at a limit, and what does not fit its form is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cri/runtime/v1/api.pb.h"
#include "state/container_metadata.h"

namespace nezuban::cri {

inline constexpr std::size_t kMaxText = 4096;  // bytes
using state::kMaxLabelBytes;
using state::kMaxLabels;
inline constexpr std::size_t kMaxMounts = 256;
inline constexpr std::size_t kMaxCni = std::size_t{16} << 10;  // what is longer is left out

// Puts what a container's status tells into `metadata`; what it does not tell stays as it is.
void Apply(const ::runtime::v1::ContainerStatusResponse& answer,
           state::ContainerMetadata& metadata);

// The same of the pod's sandbox.
void Apply(const ::runtime::v1::PodSandboxStatusResponse& answer,
           state::ContainerMetadata& metadata);

enum class BundleKind : std::uint8_t {
  kPods,        // made by a runtime of pods
  kNobodys,     // made for no pod
  kUnreadable,  // cut off, being written, or too large: it says nothing of whose it is
};

// Puts what a bundle's config.json (OCI runtime specification) says into `metadata`, which stays as
// it is unless it is a pod's.
BundleKind ApplyBundle(std::string_view json, state::ContainerMetadata& metadata);

}  // namespace nezuban::cri
