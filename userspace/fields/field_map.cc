// SPDX-License-Identifier: Apache-2.0
#include "fields/field_map.h"

#include <array>
#include <optional>

#include "fields/fields.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

// `target` follows from `from` by `of`; Absent: it does not.
struct Derivation {
  std::string_view target;
  std::string_view from;
  Value (*of)(const Value& from);
};

Value Same(const Value& from) { return from; }

std::string_view TextOf(const Value& value) {
  const auto* text = std::get_if<Text>(&value);
  return text == nullptr ? std::string_view() : text->bytes;
}

Value TypeChar(const Value& type) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kChars = {
      {{"ipv4", "4"},
       {"ipv6", "6"},
       {"unix", "u"},
       {"file", "f"},
       {"directory", "d"},
       {"pipe", "p"}}};
  for (const auto& [name, character] : kChars) {
    if (TextOf(type) == name) return character;
  }
  return Absent{};
}

Value Family(const Value& type) {
  const std::string_view name = TextOf(type);
  if (name == "ipv4" || name == "ipv6") return "ip";
  return name == "unix" ? Value("unix") : Absent{};
}

Value FamilyOfIp(const Value&) { return "ip"; }

Value ResultText(const Value& rawres) {
  const auto* n = std::get_if<std::int64_t>(&rawres);
  if (n == nullptr) return Unknown{};
  static Arena arena;  // names of errors are static; only numbers without a name would go there
  return *n < -4095 ? Value(Unknown{}) : Value(ResultName(*n, arena));
}

Value Failed(const Value& rawres) {
  const auto* n = std::get_if<std::int64_t>(&rawres);
  return n == nullptr ? Value(Unknown{}) : Value(*n < 0);
}

// What follows from something unknown is unknown.
template <Value (*of)(const Value&)>
Value IfKnown(const Value& from) {
  return std::holds_alternative<Unknown>(from) ? Value(Unknown{}) : of(from);
}

// Paths: everything up to the last slash, and after it.
Value Directory(const Value& path) {
  const std::string_view text = TextOf(path);
  if (!text.starts_with('/')) return Absent{};
  const std::size_t slash = text.rfind('/');
  return text.substr(0, slash == 0 ? 1 : slash);
}

Value FileName(const Value& path) {
  const std::string_view text = TextOf(path);
  return text.starts_with('/') ? Value(text.substr(text.rfind('/') + 1)) : Absent{};
}

// "registry:5000/name:tag": a colon before a slash is a port.
std::size_t TagColon(std::string_view image) {
  const std::size_t colon = image.rfind(':');
  const bool port =
      colon != std::string_view::npos && image.find('/', colon) != std::string_view::npos;
  return port ? std::string_view::npos : colon;
}

Value ImageRepository(const Value& image) {
  const std::string_view text = TextOf(image);
  return text.empty() ? Value(Absent{}) : text.substr(0, TagColon(text));
}

Value ImageTag(const Value& image) {
  const std::size_t colon = TagColon(TextOf(image));
  return colon == std::string_view::npos ? Value(Absent{}) : TextOf(image).substr(colon + 1);
}

// Events are told when they are over.
Value OfExit(const Value&) { return "<"; }

constexpr Derivation kDerivations[] = {
    {"fd.directory", "fd.name", IfKnown<Directory>},
    {"fd.filename", "fd.name", IfKnown<FileName>},
    {"fd.nameraw", "fd.name", Same},
    {"container.image.repository", "container.image", IfKnown<ImageRepository>},
    {"container.image.tag", "container.image", IfKnown<ImageTag>},
    {"evt.dir", "evt.type", OfExit},
    {"fd.typechar", "fd.type", IfKnown<TypeChar>},
    {"fd.sockfamily", "fd.type", IfKnown<Family>},
    {"fd.sockfamily", "fd.rip", FamilyOfIp},
    {"fd.sockfamily", "fd.rport", FamilyOfIp},
    {"fd.rnet", "fd.rip", Same},
    {"fd.lnet", "fd.lip", Same},
    {"fd.cnet", "fd.cip", Same},
    {"fd.snet", "fd.sip", Same},
    {"proc.stdin.sockfamily", "proc.stdin.type", IfKnown<Family>},
    {"proc.stdout.sockfamily", "proc.stdout.type", IfKnown<Family>},
    {"proc.stderr.sockfamily", "proc.stderr.type", IfKnown<Family>},
    {"evt.res", "evt.rawres", ResultText},
    {"evt.failed", "evt.rawres", Failed},
    {"proc.pname", "proc.aname[1]", Same},
    {"proc.pexepath", "proc.aexepath[1]", Same},
    {"proc.aname[1]", "proc.pname", Same},
    {"proc.aexepath[1]", "proc.pexepath", Same},
    {"mount.fstype", "evt.arg.type", Same},
    {"mount.source", "evt.arg.dev", Same},
    {"mount.target", "evt.arg.dir", Same},
    {"container.origin", "container.id", Same},
};

// `target` is two others with a character between them.
struct Joined {
  std::string_view target, first, second;
  char between;
};
constexpr Joined kJoined[] = {
    {"proc.cmdline", "proc.name", "proc.args", ' '},
    {"proc.exeline", "proc.exe", "proc.args", ' '},
    {"container.image", "container.image.repository", "container.image.tag", ':'},
};

}  // namespace

Value FieldMap::Own(const Value& value) {
  if (const auto* text = std::get_if<Text>(&value)) {
    return Text(texts_.emplace_back(text->bytes), text->total);
  }
  return value;
}

void FieldMap::Set(const FieldRef& ref, const Value& value) {
  values_.insert_or_assign(ToString(ref), Own(value));
}

void FieldMap::SetList(const FieldRef& ref, const std::vector<Value>& values) {
  std::vector<Value>& list = lists_.emplace_back();
  for (const Value& value : values) list.push_back(Own(value));
  values_.insert_or_assign(ToString(ref), ValueList{list.data(), list.size()});
}

Value FieldMap::GetByName(std::string_view name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? Value(Absent{}) : at->second;
}

void FieldMap::Derive() {
  for (const Derivation& row : kDerivations) {
    if (Has(row.target) || !Has(row.from)) continue;
    const Value value = row.of(GetByName(row.from));
    if (!std::holds_alternative<Absent>(value)) values_.emplace(row.target, Own(value));
  }
  for (const Joined& row : kJoined) {
    if (Has(row.target) || !Has(row.first) || !Has(row.second)) continue;
    const Value first = GetByName(row.first);
    const Value second = GetByName(row.second);
    if (TextOf(first).empty() || !std::holds_alternative<Text>(second)) continue;
    const std::string text = std::string(TextOf(first)) + row.between + std::string(TextOf(second));
    values_.emplace(row.target, Own(std::string_view(text)));
  }
}

Value FieldMap::Get(const FieldRef& ref) const { return GetByName(ToString(ref)); }

}  // namespace nezuban::fields
