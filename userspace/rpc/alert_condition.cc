// SPDX-License-Identifier: Apache-2.0
#include "rpc/alert_condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "fields/field.h"
#include "rpc/client_condition.h"

namespace nezuban::rpc {
namespace {

using alert::Alert;
using fields::Arena;
using fields::Value;

// What a getter may look at.
struct Given {
  const Alert& alert;
  Arena& arena;
};

Value Texts(const std::vector<std::string>& texts, Arena& arena) {
  const std::span<Value> values = arena.Values(texts.size());
  std::ranges::transform(texts, values.begin(),
                         [](const std::string& text) { return Value(std::string_view(text)); });
  return fields::ValueList{values.data(), values.size()};
}

// "host" outside of a container, as in rules.
Value ContainerId(const std::string& full, bool known, std::size_t length) {
  if (!known) return fields::Unknown();
  return full.empty() ? Value("host") : Value(std::string_view(full).substr(0, length));
}

// What the runtime told. Of the host there is nothing to tell; else it may be missing.
Value Told(const Alert& alert, const std::string& text) {
  if (!text.empty()) return std::string_view(text);
  const bool nothing = alert.container_known && alert.metadata_known;
  return nothing ? Value(fields::Absent()) : Value(fields::Unknown());
}

Value OfAncestor(const Alert& alert, std::size_t at, std::string alert::Ancestor::*member) {
  if (at >= alert.ancestors.size()) return fields::Unknown();
  return std::string_view(alert.ancestors[at].*member);
}

// What every alert tells, whatever its output names.
struct Member {
  std::string_view name;
  Value (*get)(const Given& given);
};
constexpr std::size_t kShortId = 12;  // as container.id has it
constexpr std::array kMembers = {
    Member{"alert.event",
           [](const Given& g) { return Value(std::string_view(g.alert.event_type)); }},
    Member{"alert.cluster",
           [](const Given& g) { return Value(std::string_view(g.alert.cluster)); }},
    Member{"alert.node", [](const Given& g) { return Value(std::string_view(g.alert.node)); }},
    Member{"alert.hostname",
           [](const Given& g) { return Value(std::string_view(g.alert.hostname)); }},
    Member{"alert.output", [](const Given& g) { return Value(std::string_view(g.alert.message)); }},
    Member{"alert.priority",
           [](const Given& g) { return Value(alert::ToString(g.alert.priority)); }},
    Member{"alert.rule", [](const Given& g) { return Value(std::string_view(g.alert.rule)); }},
    Member{"alert.source", [](const Given& g) { return Value(std::string_view(g.alert.source)); }},
    Member{"alert.tags", [](const Given& g) { return Texts(g.alert.tags, g.arena); }},
    Member{"container.id",
           [](const Given& g) {
             return ContainerId(g.alert.container_id, g.alert.container_known, kShortId);
           }},
    Member{"container.full_id",
           [](const Given& g) {
             return ContainerId(g.alert.container_id, g.alert.container_known, std::string::npos);
           }},
    Member{
        "container.origin",
        [](const Given& g) { return ContainerId(g.alert.origin, g.alert.origin_known, kShortId); }},
    Member{"container.image", [](const Given& g) { return Told(g.alert, g.alert.workload.image); }},
    Member{"container.name",
           [](const Given& g) { return Told(g.alert, g.alert.workload.container_name); }},
    Member{"evt.type", [](const Given& g) { return Value(std::string_view(g.alert.event_type)); }},
    Member{"k8s.ns.name",
           [](const Given& g) { return Told(g.alert, g.alert.workload.pod_namespace); }},
    Member{"k8s.pod.name", [](const Given& g) { return Told(g.alert, g.alert.workload.pod); }},
    Member{"k8s.pod.uid", [](const Given& g) { return Told(g.alert, g.alert.workload.pod_uid); }},
    Member{"proc.exepath",
           [](const Given& g) { return OfAncestor(g.alert, 0, &alert::Ancestor::exe_path); }},
    Member{"proc.name",
           [](const Given& g) { return OfAncestor(g.alert, 0, &alert::Ancestor::name); }},
    Member{"proc.pid", [](const Given& g) { return Value(std::int64_t{g.alert.pid}); }},
    Member{"proc.pname",
           [](const Given& g) { return OfAncestor(g.alert, 1, &alert::Ancestor::name); }},
};

// Addresses are text in an alert, and not where they are compared.
Value ToAddress(const std::string& text) {
  fields::IpAddress ip;
  if (::inet_pton(AF_INET, text.c_str(), ip.bytes.data()) == 1) return ip;
  ip.v4 = false;
  if (::inet_pton(AF_INET6, text.c_str(), ip.bytes.data()) == 1) return ip;
  return fields::Unknown();
}

// The value that an alert carries, as the tests of that field want it. An alert of another version
// may have stored it as something else: then it is unknown.
struct ToValue {
  const fields::FieldRef& ref;
  Arena& arena;
  const fields::Type type = fields::TypeOf(ref);

  Value operator()(std::monostate) const { return fields::Absent(); }
  Value operator()(bool value) const {
    return type == fields::Type::kBool ? Value(value) : Value(fields::Unknown());
  }
  Value operator()(std::int64_t value) const {
    const bool fits = type == fields::Type::kInt || type == fields::Type::kPort;
    return fits ? Value(value) : Value(fields::Unknown());
  }
  Value operator()(const std::string& value) const {
    if (ref.def->several == fields::Several::kList) return fields::Unknown();
    return One(value);
  }
  Value operator()(const std::vector<std::string>& values) const {
    const std::span<Value> out = arena.Values(values.size());
    std::ranges::transform(values, out.begin(), [this](const auto& value) { return One(value); });
    return fields::ValueList{out.data(), out.size()};
  }

 private:
  Value One(const std::string& value) const {
    using enum fields::Type;
    if (type == kIp || type == kNet) return ToAddress(value);
    const bool text = type == kText || type == kBytes || type == kEventName || type == kHostName;
    return text ? Value(std::string_view(value)) : Value(fields::Unknown());
  }
};

Value Get(const void* self, const fields::FieldRef& ref) {
  const Given& given = *static_cast<const Given*>(self);
  const std::string name = fields::ToString(ref);
  if (std::ranges::find(given.alert.uncertain, name) != given.alert.uncertain.end()) {
    return fields::Unknown();
  }
  for (const auto& [field, value] : given.alert.fields) {
    if (field == name) return std::visit(ToValue{ref, given.arena}, value);
  }
  const auto* const member = std::ranges::find(kMembers, name, &Member::name);
  return member != kMembers.end() ? member->get(given) : Value(fields::Unknown());
}

// Beside its text, what one regular expression may take of the bound of all conditions.
constexpr std::size_t kRegexCost = 4 << 10;

}  // namespace

AlertCondition::AlertCondition(filter::Program program, std::size_t cost)
    : program_(std::move(program)), cost_(cost) {}

Result<AlertCondition> AlertCondition::Compile(std::string_view text) {
  ASSIGN_OR_RETURN(CompiledCondition compiled, CompileCondition("condition", text, kMaxRegexes));
  return AlertCondition(std::move(compiled.program), text.size() + compiled.regexes * kRegexCost);
}

bool AlertCondition::Matches(const Alert& alert, Arena& arena) const noexcept {
  const Given given{alert, arena};
  const filter::Answer answer = program_.Run(fields::FieldSource(&given, Get), arena);
  arena.Reset();
  return answer != filter::Answer::kNo;
}

}  // namespace nezuban::rpc
