// SPDX-License-Identifier: Apache-2.0
#include "fields/file_path.h"

#include <span>
#include <vector>

#include "base/text.h"
#include "fields/convert.h"

namespace nezuban::fields {
namespace {

void AddParts(std::string_view path, std::vector<std::string_view>& parts) {
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
}

}  // namespace

std::string_view JoinPath(std::string_view dir, std::string_view name, Arena& arena) {
  std::vector<std::string_view> parts;
  if (!name.starts_with('/')) AddParts(dir, parts);
  AddParts(name, parts);
  if (parts.empty()) return "/";
  std::size_t size = 0;
  for (const std::string_view part : parts) size += 1 + part.size();
  const std::span<char> bytes = arena.Bytes(size);
  char* out = bytes.data();
  for (const std::string_view part : parts) {
    *out++ = '/';
    out += part.copy(out, part.size());
  }
  return {bytes.data(), bytes.size()};
}

Value FullPath(const event::Text& path, const event::Text& name, const event::Text& dir,
               Arena& arena) {
  if (path.truncated()) return Unknown{};
  if (!path.bytes.empty()) return FromText(path);
  if (name.truncated()) return Unknown{};
  if (dir.truncated()) return Unknown{};
  if (!name.bytes.starts_with('/') && dir.bytes.empty())
    return name.bytes.empty() ? Value(Absent{}) : Value(Unknown{});
  return JoinPath(dir.bytes, name.bytes, arena);
}

Value DirectoryOf(const Value& path) {
  const auto* text = std::get_if<Text>(&path);
  if (text == nullptr) return path;
  const std::size_t slash = text->bytes.rfind('/');
  if (slash == std::string_view::npos) return Absent{};
  return text->bytes.substr(0, slash == 0 ? 1 : slash);
}

Value BaseName(const Value& path) {
  const auto* text = std::get_if<Text>(&path);
  if (text == nullptr) return path;
  return text->bytes.substr(text->bytes.rfind('/') + 1);
}

}  // namespace nezuban::fields
