// SPDX-License-Identifier: Apache-2.0
#include "sinks/types.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "sinks/file_sink.h"
#include "sinks/option_values.h"

namespace nezuban::sinks {
namespace {

using Options = SinkOptions;

constexpr std::array kFormats = {Choice<BodyFormat>{"nezuban", BodyFormat::kNezuban},
                                 Choice<BodyFormat>{"ocsf", BodyFormat::kOcsf}};

constexpr std::array kCommon = {
    Option{"name", "NAME", "What status and the store know it by; letters, digits, - and _.", true,
           false,
           [](Options& o, Values v) -> std::string {
             constexpr std::string_view kAllowed =
                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
             if (v[0].empty() || v[0].size() > 64 ||
                 v[0].find_first_not_of(kAllowed) != std::string::npos) {
               return "expected 1 to 64 letters, digits, - and _";
             }
             o.name = v[0];
             return {};
           }},
    Option{"type", "TYPE", "file, syslog, webhook or otlp.", true, false,
           [](Options& o, Values v) { return ParseText(v[0], o.type); }},
    Option{"min_priority", "PRIORITY", "Less severe alerts are left out; default: none.", false,
           false,
           [](Options& o, Values v) -> std::string {
             if (alert::ParsePriority(v[0], o.min_priority)) return {};
             return "expected a priority from Emergency to Debug";
           }},
    Option{"rules", "GLOB", "Only alerts of rules whose name matches one; default: all.", false,
           true,
           [](Options& o, Values v) -> std::string {
             o.rules.assign(v.begin(), v.end());
             return {};
           }},
    Option{"timeout_ms", "MS", "Of one attempt; default: 10000.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 100, 600'000, o.timeout); }},
    Option{"retry_max_ms", "MS",
           "Longest pause between two attempts, which doubles from 250; default: 30000.", false,
           false,
           [](Options& o, Values v) { return ParseNumber(v[0], 10, 3'600'000, o.retry_max); }},
};

constexpr std::array kFile = {
    Option{"path", "FILE", "Of the file; rotated ones have .1, .2 … at the end.", true, false,
           [](Options& o, Values v) { return ParsePath(v[0], o.file.path); }},
    Option{"format", "FORMAT", "nezuban or ocsf; default: nezuban.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kFormats, o.file.format); }},
    Option{"max_bytes", "BYTES", "Then it is rotated; 0: never; default: 104857600.", false, false,
           [](Options& o, Values v) {
             return ParseNumber(v[0], 0, std::uint64_t{1} << 40, o.file.max_bytes);
           }},
    Option{"max_files", "COUNT", "Rotated files that are kept; default: 5.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 0, 1000, o.file.max_files); }},
};

constexpr std::array kTypes = {
    Type{"file", "JSON lines in a file, rotated.", kFile, {}, nullptr, OpenFile},
};

}  // namespace

std::span<const Type> Types() { return kTypes; }
std::span<const Option> CommonOptions() { return kCommon; }

const Type* FindType(std::string_view name) {
  const auto* type = std::ranges::find(kTypes, name, &Type::name);
  return type == kTypes.end() ? nullptr : type;
}

const Option* FindOption(const Type& type, std::string_view name) {
  for (const std::span<const Option> group :
       {std::span<const Option>(kCommon), type.options, type.tls}) {
    const auto row = std::ranges::find(group, name, &Option::name);
    if (row != group.end()) return &*row;
  }
  return nullptr;
}

std::vector<std::string_view> OptionNames(const Type& type) {
  std::vector<std::string_view> names;
  for (const std::span<const Option> group :
       {std::span<const Option>(kCommon), type.options, type.tls}) {
    for (const Option& option : group) names.push_back(option.name);
  }
  return names;
}

Result<std::unique_ptr<Destination>> Open(const SinkOptions& options, const NodeNames& names) {
  const Type* type = FindType(options.type);
  CHECK(type != nullptr);
  auto opened = type->open(options, names);
  if (!opened) return Fail("sink " + options.name, opened.error());
  return opened;
}

}  // namespace nezuban::sinks
