// SPDX-License-Identifier: Apache-2.0
#include "rpc/admin_to_proto.h"

#include <algorithm>

#include "base/text.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

constexpr std::size_t kPageBytes = std::size_t{256} << 10;  // then no more is added
constexpr int kMaxDiagnostics = 1000;
constexpr std::size_t kMaxDiagnosticsBytes = std::size_t{1} << 20;  // then no more is added
constexpr std::size_t kMaxMessageBytes = 2048;  // of one diagnostic: it may quote what was written
constexpr std::size_t kMaxTextBytes = 4096;     // of one text of a rule

// Only the numbers are ours: what is larger than int is nonsense.
int ToInt(std::uint32_t number) { return static_cast<int>(std::min(number, 0x7fffffffU)); }

std::string Cut(std::string_view text, std::size_t bytes) {
  return ValidUtf8(text.substr(0, bytes));
}

v1::Severity SeverityToProto(Severity severity) {
  return static_cast<v1::Severity>(static_cast<int>(severity) + v1::SEVERITY_ERROR);
}
static_assert(static_cast<int>(Severity::kError) == 0 && static_cast<int>(Severity::kNote) == 2);
static_assert(v1::SEVERITY_NOTE == v1::SEVERITY_ERROR + 2);

// Severity of a later version: at least it is told.
Severity SeverityFromProto(v1::Severity severity) {
  if (severity < v1::SEVERITY_ERROR || severity > v1::SEVERITY_NOTE) return Severity::kNote;
  return static_cast<Severity>(severity - v1::SEVERITY_ERROR);
}

void DiagnosticToProto(const Diagnostic& diagnostic, v1::Diagnostic& out) {
  out.set_severity(SeverityToProto(diagnostic.severity));
  out.set_path(ValidUtf8(diagnostic.position.file));
  out.set_line(static_cast<std::uint32_t>(diagnostic.position.line));
  out.set_column(static_cast<std::uint32_t>(diagnostic.position.column));
  out.set_message(Cut(diagnostic.message, kMaxMessageBytes));
  out.set_hint(Cut(diagnostic.hint, kMaxMessageBytes));
}

Diagnostic DiagnosticFromProto(const v1::Diagnostic& in) {
  return {SeverityFromProto(in.severity()),
          {in.path(), ToInt(in.line()), ToInt(in.column())},
          in.message(),
          in.hint()};
}

template <typename Message>
void DiagnosticsToProto(const std::vector<Diagnostic>& diagnostics, std::uint64_t omitted,
                        Message& out) {
  std::size_t bytes = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (out.diagnostics_size() == kMaxDiagnostics || bytes > kMaxDiagnosticsBytes) {
      ++omitted;
      continue;
    }
    DiagnosticToProto(diagnostic, *out.add_diagnostics());
    bytes += out.diagnostics().rbegin()->ByteSizeLong();
  }
  out.set_diagnostics_omitted(static_cast<std::uint32_t>(omitted));
}

template <typename Message>
std::vector<Diagnostic> DiagnosticsFromProto(const Message& in) {
  std::vector<Diagnostic> diagnostics;
  for (const v1::Diagnostic& diagnostic : in.diagnostics()) {
    diagnostics.push_back(DiagnosticFromProto(diagnostic));
  }
  return diagnostics;
}

void RuleToProto(const LoadedRule& rule, v1::Rule& out) {
  out.set_name(Cut(rule.name, kMaxTextBytes));
  out.set_priority(static_cast<v1::Priority>(ToProto(rule.priority)));
  for (const std::string& tag : rule.tags) out.add_tags(Cut(tag, kMaxTextBytes));
  out.set_enabled(rule.enabled);
  out.set_file(ValidUtf8(rule.position.file));
  out.set_line(static_cast<std::uint32_t>(rule.position.line));
  out.set_alerts(rule.alerts);
  out.set_description(Cut(rule.description, kMaxTextBytes));
  for (const std::string& event : rule.events) out.add_events(ValidUtf8(event));
}

// Ours has no "unspecified"; what a runtime never tells is none.
static_assert(static_cast<int>(state::MetadataState::kComplete) == 2);
static_assert(v1::METADATA_STATE_COMPLETE == v1::METADATA_STATE_NONE + 2);

void ContainerToProto(const state::Container& container, v1::KnownContainer& out) {
  const state::ContainerMetadata& metadata = container.metadata;
  v1::Container& place = *out.mutable_container();
  place.set_known(true);
  place.set_id(ValidUtf8(container.full_id));
  place.set_runtime(ValidUtf8(container.runtime));
  place.set_name(ValidUtf8(metadata.name));
  place.set_image(ValidUtf8(metadata.image));
  place.set_pod_name(ValidUtf8(metadata.pod.name));
  place.set_pod_namespace(ValidUtf8(metadata.pod.ns));
  place.set_pod_uid(ValidUtf8(metadata.pod.uid));
  out.set_cgroup_id(container.cgroup_id);
  out.set_cgroup_path(ValidUtf8(container.cgroup_path));
  out.set_metadata(
      static_cast<v1::MetadataState>(static_cast<int>(metadata.state) + v1::METADATA_STATE_NONE));
  if (metadata.start_ns != 0) ToProto(metadata.start_ns, *out.mutable_start_time());
  if (metadata.privileged) out.set_privileged(*metadata.privileged);
}

template <typename Page, typename Item, typename Add>
std::vector<Page> Paged(const std::vector<Item>& items, Add add) {
  std::vector<Page> pages;
  std::size_t bytes = kPageBytes;
  for (const Item& item : items) {
    if (bytes >= kPageBytes) {
      pages.emplace_back();
      bytes = 0;
    }
    bytes += add(item, pages.back());
  }
  return pages;
}

}  // namespace

std::vector<v1::ListRulesResponse> RulePages(const std::vector<LoadedRule>& rules) {
  return Paged<v1::ListRulesResponse>(rules, [](const LoadedRule& rule, auto& page) {
    v1::Rule& out = *page.add_rules();
    RuleToProto(rule, out);
    return out.ByteSizeLong();
  });
}

std::vector<v1::ListContainersResponse> ContainerPages(
    const std::vector<state::Container>& containers) {
  return Paged<v1::ListContainersResponse>(containers,
                                           [](const state::Container& container, auto& page) {
                                             v1::KnownContainer& out = *page.add_containers();
                                             ContainerToProto(container, out);
                                             return out.ByteSizeLong();
                                           });
}

void ToProto(const CheckedRules& checked, v1::CheckRulesResponse& out) {
  out.set_valid(checked.valid);
  out.set_rules(checked.rules);
  DiagnosticsToProto(checked.diagnostics, checked.omitted, out);
}

void ToProto(const ReloadedRules& reloaded, v1::ReloadRulesResponse& out) {
  out.set_loaded(reloaded.loaded);
  DiagnosticsToProto(reloaded.diagnostics, reloaded.omitted, out);
  out.set_version(ValidUtf8(reloaded.rules.version));
  out.set_generation(reloaded.rules.generation);
  out.set_rules(reloaded.rules.count);
}

void ToProto(const std::vector<WatchedEvent>& events, const WatchCounts& counts,
             v1::WatchEventsResponse& out) {
  for (const WatchedEvent& event : events) {
    v1::WatchedEvent& told = *out.add_events();
    ToProto(event.time_ns, *told.mutable_time());
    told.set_type(event.type);
    for (const auto& [name, value] : event.fields) {
      v1::Field& field = *told.add_fields();
      field.set_name(ValidUtf8(name));
      alert::ToProto(value, field);
    }
  }
  out.set_matched(counts.matched);
  out.set_sampled_out(counts.sampled_out);
  out.set_over_rate(counts.over_rate);
  out.set_dropped(counts.dropped);
  out.set_not_asked(counts.not_asked);
}

std::vector<WatchedEvent> EventsFromProto(const v1::WatchEventsResponse& in) {
  std::vector<WatchedEvent> events;
  for (const v1::WatchedEvent& told : in.events()) {
    WatchedEvent event{FromProto(told.time()), told.type(), {}};
    for (const v1::Field& field : told.fields()) {
      event.fields.emplace_back(field.name(), alert::FromProto(field));
    }
    events.push_back(std::move(event));
  }
  return events;
}

WatchCounts CountsFromProto(const v1::WatchEventsResponse& in) {
  return {in.not_asked(), in.matched(), in.sampled_out(), in.over_rate(), in.dropped()};
}

LoadedRule FromProto(const v1::Rule& in) {
  LoadedRule rule{.name = in.name(), .enabled = in.enabled(), .alerts = in.alerts()};
  FromProto(in.priority(), rule.priority);
  rule.tags.assign(in.tags().begin(), in.tags().end());
  rule.position = {in.file(), ToInt(in.line()), 0};
  rule.description = in.description();
  rule.events.assign(in.events().begin(), in.events().end());
  return rule;
}

state::Container FromProto(const v1::KnownContainer& in) {
  state::Container out;
  const v1::Container& place = in.container();
  out.full_id = place.id();
  out.id = place.id().substr(0, 12);
  out.runtime = place.runtime();
  out.cgroup_id = in.cgroup_id();
  out.cgroup_path = in.cgroup_path();
  if (in.metadata() > v1::METADATA_STATE_NONE && in.metadata() <= v1::METADATA_STATE_COMPLETE) {
    out.metadata.state = static_cast<state::MetadataState>(in.metadata() - v1::METADATA_STATE_NONE);
  }
  out.metadata.name = place.name();
  out.metadata.image = place.image();
  out.metadata.pod.name = place.pod_name();
  out.metadata.pod.ns = place.pod_namespace();
  out.metadata.pod.uid = place.pod_uid();
  if (in.has_start_time()) out.metadata.start_ns = FromProto(in.start_time());
  if (in.has_privileged()) out.metadata.privileged = in.privileged();
  return out;
}

CheckedRules FromProto(const v1::CheckRulesResponse& in) {
  return {in.valid(), in.rules(), DiagnosticsFromProto(in), in.diagnostics_omitted()};
}

ReloadedRules FromProto(const v1::ReloadRulesResponse& in) {
  ReloadedRules out{in.loaded(), DiagnosticsFromProto(in), in.diagnostics_omitted(), {}};
  out.rules.version = in.version();
  out.rules.generation = in.generation();
  out.rules.count = in.rules();
  return out;
}

}  // namespace nezuban::rpc
