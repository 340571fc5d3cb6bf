// SPDX-License-Identifier: Apache-2.0
#include "state/container.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace nezuban::state {
namespace {

constexpr std::size_t kShortId = 12;  // what `docker ps` and crictl show

// What an id must look like to be believed.
enum class IdForm : std::uint8_t {
  kHex64,  // what containerd's CRI, CRI-O, Docker and Podman make
  kName,   // what a user of runc or crun chose
};

// A cgroup's own name → the runtime. The id is what stands between prefix and suffix. `below` is a
// component that must come before it somewhere in the path, empty: anywhere.
struct NameForm {
  std::string_view prefix;
  std::string_view suffix;
  std::string_view below;
  IdForm id;
  std::string_view runtime;
};

// A monitor's own scope (crio-conmon-ID.scope, libpod-conmon-ID.scope) fits no row, as "conmon-ID"
// is no id. Rows for bare ids come last; the tree they lie in tells the runtime, if it is a usual
// one.
constexpr std::array kForms = {
    // systemd drivers
    NameForm{"cri-containerd-", ".scope", "", IdForm::kHex64, "containerd"},
    NameForm{"nerdctl-", ".scope", "", IdForm::kHex64, "containerd"},
    NameForm{"crio-", ".scope", "", IdForm::kHex64, "cri-o"},
    NameForm{"docker-", ".scope", "", IdForm::kHex64, "docker"},
    NameForm{"libpod-", ".scope", "", IdForm::kHex64, "podman"},
    NameForm{"runc-", ".scope", "", IdForm::kName, "runc"},
    NameForm{"crun-", ".scope", "", IdForm::kName, "crun"},
    // podman with --cgroups=split: below a unit of the user's own
    NameForm{"libpod-payload-", "", "", IdForm::kHex64, "podman"},
    // cgroupfs drivers
    NameForm{"crio-", "", "", IdForm::kHex64, "cri-o"},
    NameForm{"libpod-", "", "", IdForm::kHex64, "podman"},
    NameForm{"", "", "docker", IdForm::kHex64, "docker"},
    NameForm{"", "", "ecs", IdForm::kHex64, "docker"},
    NameForm{"", "", "kubepods", IdForm::kHex64, "containerd"},
    NameForm{"", "", "kubepods.slice", IdForm::kHex64, "containerd"},
    NameForm{"", "", "k8s.io", IdForm::kHex64, "containerd"},
    NameForm{"", "", "moby", IdForm::kHex64, "docker"},
    NameForm{"", "", "default", IdForm::kHex64, "containerd"},  // containerd's default namespace
    NameForm{"", "", "", IdForm::kHex64, "unknown"},            // some --cgroup-parent
};

// containerd or CRI-O on cgroupfs while the kubelet speaks systemd: "kubepods-….slice:PREFIX:ID".
struct ColonForm {
  std::string_view prefix;
  std::string_view runtime;
};
constexpr std::array kColonForms = {
    ColonForm{"cri-containerd", "containerd"},
    ColonForm{"crio", "cri-o"},
    ColonForm{"docker", "docker"},
};

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsNameByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.' || c == '+';
}

bool HasForm(std::string_view id, IdForm form) {
  if (form == IdForm::kHex64)
    return id.size() == 64 && std::all_of(id.begin(), id.end(), IsLowerHex);
  return !id.empty() && id.size() <= 255 && std::all_of(id.begin(), id.end(), IsNameByte);
}

// Whether `component` is one of those before the one that begins at `name`.
bool IsBelow(std::string_view path, const char* name, std::string_view component) {
  std::string_view above = path.substr(0, static_cast<std::size_t>(name - path.data()));
  while (!above.empty()) {
    const std::size_t slash = above.find('/');
    if (above.substr(0, slash) == component) return true;
    if (slash == std::string_view::npos) return false;
    above.remove_prefix(slash + 1);
  }
  return false;
}

std::optional<CgroupMatch> MatchColons(std::string_view name) {
  const std::size_t last = name.rfind(':');
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view id = name.substr(last + 1);
  std::string_view prefix = name.substr(0, last);
  prefix.remove_prefix(prefix.rfind(':') + 1);  // npos + 1 is 0: the whole
  if (!HasForm(id, IdForm::kHex64)) return std::nullopt;
  for (const ColonForm& form : kColonForms) {
    if (prefix == form.prefix) return CgroupMatch{id, form.runtime, 0};
  }
  return std::nullopt;
}

// `name` views the component of `path` it is.
std::optional<CgroupMatch> MatchName(std::string_view path, std::string_view name) {
  for (const NameForm& form : kForms) {
    if (name.size() <= form.prefix.size() + form.suffix.size()) continue;
    if (!name.starts_with(form.prefix) || !name.ends_with(form.suffix)) continue;
    const std::string_view id =
        name.substr(form.prefix.size(), name.size() - form.prefix.size() - form.suffix.size());
    if (!HasForm(id, form.id)) continue;
    if (!form.below.empty() && !IsBelow(path, name.data(), form.below)) continue;
    return CgroupMatch{id, form.runtime, 0};
  }
  return MatchColons(name);
}

}  // namespace

std::optional<CgroupMatch> ParseCgroupPath(std::string_view path) noexcept {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, slash - at);
    at = slash + 1;
    if (name.empty()) continue;
    ++depth;
    if (auto match = MatchName(path, name)) {
      match->depth = depth;
      return match;
    }
  }
  return std::nullopt;
}

std::string_view RuntimeOf(std::string_view comm) noexcept {
  for (const std::string_view runtime : {"runc", "crun", "youki"}) {
    if (comm.starts_with(runtime)) return runtime;
  }
  return {};
}

std::size_t CgroupDepth(std::string_view path) noexcept {
  std::size_t depth = 0;
  char before = '/';
  for (const char c : path) {
    if (c != '/' && before == '/') ++depth;
    before = c;
  }
  return depth;
}

Container MakeContainer(std::uint64_t cgroup_id, std::string_view path, const CgroupMatch& match) {
  std::size_t end = 0;
  for (std::size_t depth = 0; depth < match.depth && end < path.size(); ++depth) {
    end = std::min(path.find_first_not_of('/', end), path.size());
    end = std::min(path.find('/', end), path.size());
  }
  return {.full_id = std::string(match.full_id),
          .id = std::string(match.full_id.substr(0, kShortId)),
          .runtime = std::string(match.runtime),
          .cgroup_id = cgroup_id,
          .cgroup_path = std::string(path.substr(0, end))};
}

}  // namespace nezuban::state
