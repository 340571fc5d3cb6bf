// SPDX-License-Identifier: Apache-2.0
#include "ruleset/requirements.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <optional>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

struct Version {
  std::array<int, 3> numbers{};                      // major, minor, patch
  auto operator<=>(const Version&) const = default;  // NOLINT: not a pointer's 0
};

// The language this engine speaks.
constexpr Version kEngine{{0, 63, 0}};

// What others load as plugins and is built in here, with the version it is like.
struct BuiltIn {
  std::string_view name;
  Version version;
};
constexpr BuiltIn kBuiltIn[] = {{"container", {{0, 6, 0}}}};

std::string ToString(const Version& version) {
  return std::to_string(version.numbers[0]) + "." + std::to_string(version.numbers[1]) + "." +
         std::to_string(version.numbers[2]);
}

// One to three numbers. A pre-release or build mark after them (1.2.3-rc1) is left out.
std::optional<Version> ParseVersion(std::string_view text) {
  text = text.substr(0, text.find_first_of("-+"));
  const auto parts = Split(text, '.');
  if (parts.size() > 3) return std::nullopt;
  Version version;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto read = std::from_chars(parts[i].data(), end, version.numbers[i]);
    if (read.ec != std::errc() || read.ptr != end || version.numbers[i] < 0) return std::nullopt;
  }
  return version;
}

bool Meets(const Version& have, const Version& wanted) {
  return have.numbers[0] == wanted.numbers[0] && have >= wanted;
}

// {name, version}: whether it is built in. An error if it is not of that form.
bool IsMet(const YamlNode& node, std::string& text, Diagnostics& diagnostics) {
  const YamlNode* name = node.Find("name");
  const YamlNode* version = node.Find("version");
  const auto wanted =
      version != nullptr && version->is_scalar() ? ParseVersion(version->text()) : std::nullopt;
  if (name == nullptr || !name->is_scalar() || !wanted) {
    diagnostics.Error(node.at(), "a required plugin must be a map with a name and a version");
    return true;
  }
  text = name->text() + " " + version->text();
  return std::ranges::any_of(kBuiltIn, [&](const BuiltIn& one) {
    return one.name == name->text() && Meets(one.version, *wanted);
  });
}

}  // namespace

void CheckEngineVersion(const YamlNode& node, Diagnostics& diagnostics) {
  if (!node.is_scalar()) {
    diagnostics.Error(node.at(), "'required_engine_version' must be a version, as 0.57.0");
    return;
  }
  auto wanted = ParseVersion(node.text());
  const bool is_number = node.text().find('.') == std::string::npos;
  if (wanted && is_number) wanted = Version{{0, wanted->numbers[0], 0}};
  if (!wanted || !Meets(kEngine, *wanted)) {
    diagnostics.Error(node.at(),
                      "needs engine version '" + node.text() + "'; this is " + ToString(kEngine));
  }
}

void CheckPluginVersions(const YamlNode& node, Diagnostics& diagnostics) {
  if (!node.is_sequence()) {
    diagnostics.Error(node.at(), "'required_plugin_versions' must be a sequence");
    return;
  }
  for (const YamlNode& one : node.items) {
    std::string text;
    bool met = IsMet(one, text, diagnostics);
    if (const YamlNode* others = one.Find("alternatives")) {
      std::string ignored;
      for (const YamlNode& other : others->items) met |= IsMet(other, ignored, diagnostics);
    }
    if (!met) diagnostics.Warning(one.at(), "needs plugin " + text + ", which is not built in");
  }
}

}  // namespace nezuban::ruleset
