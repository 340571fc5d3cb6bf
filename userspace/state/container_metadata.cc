// SPDX-License-Identifier: Apache-2.0
#include "state/container_metadata.h"

#include <algorithm>

namespace nezuban::state {

Labels MakeLabels(std::vector<std::pair<std::string_view, std::string_view>> labels) {
  std::ranges::sort(labels);
  Labels made;
  std::size_t bytes = 0;
  for (const auto& [key, value] : labels) {
    const std::string_view head = value.substr(0, kMaxLabelText);
    bytes += key.size() + head.size();
    made.whole = made.list.size() < kMaxLabels && bytes <= kMaxLabelBytes;
    if (!made.whole) break;
    made.list.push_back({std::string(key), std::string(head), head.size() == value.size()});
  }
  return made;
}

ImageName SplitImageName(std::string_view image) noexcept {
  ImageName name;
  if (image.starts_with("sha256:")) return {.digest = image};
  if (const std::size_t at = image.find('@'); at != std::string_view::npos) {
    name.digest = image.substr(at + 1);
    image = image.substr(0, at);
  }
  // A colon before the last slash belongs to the registry's port.
  const std::size_t colon = image.rfind(':');
  const std::size_t slash = image.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    name.tag = image.substr(colon + 1);
    image = image.substr(0, colon);
  }
  name.repository = image;
  return name;
}

}  // namespace nezuban::state
