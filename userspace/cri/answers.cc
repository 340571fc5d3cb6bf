// SPDX-License-Identifier: Apache-2.0
#include "cri/answers.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cri/info.pb.h"

namespace nezuban::cri {
namespace {

using state::ContainerMetadata;
using Texts = google::protobuf::Map<std::string, std::string>;

constexpr std::size_t kMaxJson = std::size_t{4} << 20;

std::string Cut(std::string_view text) { return std::string(text.substr(0, kMaxText)); }

void Take(std::string_view text, std::string& into) {
  if (!text.empty()) into = Cut(text);
}

state::Labels ToLabels(const Texts& texts) {
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  for (const auto& [key, value] : texts) labels.emplace_back(key, value);
  return state::MakeLabels(std::move(labels));
}

std::string_view Find(const Texts& texts, std::string_view key) {
  const auto at = texts.find(std::string(key));
  return at == texts.end() ? std::string_view() : std::string_view(at->second);
}

// As mount(8) has it, with the r of "recursive".
std::string_view PropagationOf(const ::runtime::v1::Mount& mount) {
  switch (mount.propagation()) {
    case ::runtime::v1::PROPAGATION_HOST_TO_CONTAINER:
      return "rslave";
    case ::runtime::v1::PROPAGATION_BIDIRECTIONAL:
      return "rshared";
    default:
      return "private";
  }
}

template <typename Message>
bool FromJson(std::string_view json, Message& message) {
  if (json.empty() || json.size() > kMaxJson) return false;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage(std::string(json), &message, options).ok();
}

// An annotation of a bundle and where what it says belongs. Of several that say the same the first
// that is there counts.
struct Annotation {
  std::string_view key;
  std::string ContainerMetadata::*of_container;
  std::string state::PodMetadata::*of_pod;
};
constexpr Annotation kAnnotations[] = {
    {"io.kubernetes.cri.container-name", &ContainerMetadata::name, nullptr},
    {"io.kubernetes.container.name", &ContainerMetadata::name, nullptr},
    {"io.kubernetes.cri.image-name", &ContainerMetadata::image, nullptr},
    {"io.kubernetes.cri-o.UserRequestedImage", &ContainerMetadata::image, nullptr},
    {"io.kubernetes.cri-o.ImageName", &ContainerMetadata::image, nullptr},
    {"io.kubernetes.cri.sandbox-name", nullptr, &state::PodMetadata::name},
    {"io.kubernetes.pod.name", nullptr, &state::PodMetadata::name},
    {"io.kubernetes.cri.sandbox-namespace", nullptr, &state::PodMetadata::ns},
    {"io.kubernetes.pod.namespace", nullptr, &state::PodMetadata::ns},
    {"io.kubernetes.cri.sandbox-uid", nullptr, &state::PodMetadata::uid},
    {"io.kubernetes.pod.uid", nullptr, &state::PodMetadata::uid},
    {"io.kubernetes.cri.sandbox-id", nullptr, &state::PodMetadata::sandbox_id},
    {"io.kubernetes.cri-o.SandboxID", nullptr, &state::PodMetadata::sandbox_id},
};

// What a kubelet tells a runtime of the pod; whoever makes containers by hand may not.
constexpr std::pair<std::string_view, std::string state::PodMetadata::*> kPodLabels[] = {
    {"io.kubernetes.pod.name", &state::PodMetadata::name},
    {"io.kubernetes.pod.namespace", &state::PodMetadata::ns},
    {"io.kubernetes.pod.uid", &state::PodMetadata::uid},
};

constexpr std::size_t kMaxCapabilities = 64;

// Whom the runtime was told to run, and with what.
void ApplyProcess(const Spec& spec, ContainerMetadata& metadata) {
  if (!spec.has_process()) return;
  if (spec.process().has_user()) {
    metadata.user = {spec.process().user().uid(), spec.process().user().gid()};
  }
  std::string joined;
  std::size_t count = 0;
  for (const std::string& name : spec.process().capabilities().effective()) {
    if (++count > kMaxCapabilities || joined.size() + name.size() >= kMaxText) break;
    if (!joined.empty()) joined += ' ';
    joined += name;
  }
  metadata.capabilities = std::move(joined);
}

void ApplyCni(const Texts& texts, state::PodMetadata& pod) {
  SandboxInfo info;
  if (!FromJson(Find(texts, "info"), info) || !info.cni_result().has_struct_value()) return;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(info.cni_result(), &json);
  if (status.ok() && json.size() <= kMaxCni) pod.cni = std::move(json);
}

bool IsName(std::string_view image) { return !image.empty() && !image.starts_with("sha256:"); }

// A kubelet asks for an id once it has pulled the image: a name says more, whoever told it.
void ApplyImage(const ::runtime::v1::ContainerStatus& status, const ContainerInfo& info,
                ContainerMetadata& metadata) {
  const std::string_view candidates[] = {status.image().user_specified_image(),
                                         status.image().image(), metadata.image,
                                         info.config().image().image()};
  const auto name = std::ranges::find_if(candidates, IsName);
  const auto any = std::ranges::find_if_not(candidates, &std::string_view::empty);
  if (name != std::end(candidates)) {
    metadata.image = Cut(*name);
  } else if (any != std::end(candidates)) {
    metadata.image = Cut(*any);
  }
  const std::string_view ref = status.image_ref();
  const state::ImageName resolved = state::SplitImageName(ref);
  if (ref.starts_with("sha256:")) {
    metadata.image_id = Cut(ref);
  } else {
    Take(resolved.digest, metadata.image_digest);
  }
  Take(status.image_id(), metadata.image_id);
}

void ApplyMounts(const ::runtime::v1::ContainerStatus& status, ContainerMetadata& metadata) {
  metadata.mounts.emplace();
  metadata.mounts_whole = true;
  for (const ::runtime::v1::Mount& mount : status.mounts()) {
    metadata.mounts_whole = metadata.mounts->size() < kMaxMounts;
    if (!metadata.mounts_whole) return;
    metadata.mounts->push_back({Cut(mount.host_path()), Cut(mount.container_path()),
                                !mount.readonly(), std::string(PropagationOf(mount))});
  }
}

bool LetsPass(std::string_view action) {
  return action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG";
}

// Whether system calls are filtered; a filter that lets everything pass is none.
void ApplySeccomp(const Spec& spec, ContainerMetadata& metadata) {
  if (!spec.has_linux()) return;
  const Seccomp& filter = spec.linux().seccomp();
  metadata.seccomp = spec.linux().has_seccomp() &&
                     (!LetsPass(filter.default_action()) ||
                      std::ranges::any_of(filter.syscalls(), [](const SeccompRule& rule) {
                        return !LetsPass(rule.action());
                      }));
}

// What the OCI runtime was given.
void ApplySpec(const Spec& spec, ContainerMetadata& metadata) {
  ApplyProcess(spec, metadata);
  ApplySeccomp(spec, metadata);
}

}  // namespace

void Apply(const ::runtime::v1::ContainerStatusResponse& answer, ContainerMetadata& metadata) {
  const ::runtime::v1::ContainerStatus& status = answer.status();
  ContainerInfo info;
  if (!FromJson(Find(answer.info(), "info"), info)) info.Clear();
  Take(status.metadata().name(), metadata.name);
  ApplyImage(status, info, metadata);
  ApplyMounts(status, metadata);
  metadata.labels = ToLabels(status.labels());
  metadata.annotations = ToLabels(status.annotations());
  ApplySpec(info.runtime_spec(), metadata);
  for (const auto& [key, member] : kPodLabels) {
    Take(Find(status.labels(), key), metadata.pod.*member);
  }
  Take(info.sandbox_id(), metadata.pod.sandbox_id);
  if (info.has_config()) {
    metadata.privileged = info.config().linux().security_context().privileged();
  }
  if (info.has_privileged()) metadata.privileged = info.privileged();
  const std::int64_t started = status.started_at() > 0 ? status.started_at() : status.created_at();
  if (started > 0) metadata.start_ns = started;
}

void Apply(const ::runtime::v1::PodSandboxStatusResponse& answer, ContainerMetadata& metadata) {
  const ::runtime::v1::PodSandboxStatus& sandbox = answer.status();
  state::PodMetadata& pod = metadata.pod;
  Take(sandbox.id(), pod.sandbox_id);
  Take(sandbox.metadata().name(), pod.name);
  Take(sandbox.metadata().namespace_(), pod.ns);
  Take(sandbox.metadata().uid(), pod.uid);
  Take(sandbox.network().ip(), pod.ip);
  pod.labels = ToLabels(sandbox.labels());
  pod.annotations = ToLabels(sandbox.annotations());
  ApplyCni(answer.info(), pod);
  const auto& options = sandbox.linux().namespaces().options();
  pod.host_network = options.network() == ::runtime::v1::NODE;
  pod.host_pid = options.pid() == ::runtime::v1::NODE;
  pod.host_ipc = options.ipc() == ::runtime::v1::NODE;
}

BundleKind ApplyBundle(std::string_view json, ContainerMetadata& metadata) {
  Spec config;
  if (!FromJson(json, config)) return BundleKind::kUnreadable;
  ContainerMetadata told;
  for (const Annotation& row : kAnnotations) {
    std::string& into = row.of_pod != nullptr ? told.pod.*row.of_pod : told.*row.of_container;
    if (into.empty()) into = Cut(Find(config.annotations(), row.key));
  }
  if (told.pod.name.empty()) return BundleKind::kNobodys;
  metadata.name = std::move(told.name);
  metadata.image = std::move(told.image);
  metadata.pod = std::move(told.pod);
  ApplySpec(config, metadata);
  return BundleKind::kPods;
}

}  // namespace nezuban::cri
