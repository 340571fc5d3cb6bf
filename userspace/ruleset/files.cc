// SPDX-License-Identifier: Apache-2.0
#include "ruleset/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "ruleset/yaml.h"

namespace nezuban::ruleset {
namespace fs = std::filesystem;
namespace {

bool IsYaml(std::string_view path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

void AddDirectory(const std::string& path, const std::function<bool(std::string_view)>& wanted,
                  std::vector<std::string>& files, Diagnostics& diagnostics) {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().string();
    std::error_code ignored;
    if (IsYaml(name) && wanted(name) && entry->is_regular_file(ignored)) found.push_back(name);
  }
  if (error) diagnostics.Error({path}, error.message());
  std::ranges::sort(found);
  files.insert(files.end(), found.begin(), found.end());
}

}  // namespace

bool IsTestFile(std::string_view path) {
  return path.ends_with(".test.yaml") || path.ends_with(".test.yml");
}

std::vector<std::string> ExpandPaths(std::span<const std::string> paths,
                                     const std::function<bool(std::string_view)>& wanted,
                                     Diagnostics& diagnostics) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
      diagnostics.Error({path}, "no such file or directory");
    } else if (fs::is_directory(status)) {
      AddDirectory(path, wanted, files, diagnostics);
    } else {
      files.push_back(path);
    }
  }
  return files;
}

std::optional<std::string> ReadFile(const std::string& path, Diagnostics& diagnostics) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (file == nullptr) {
    diagnostics.Error({path}, std::strerror(errno));
    return std::nullopt;
  }
  std::string text;
  char buffer[64 * 1024];
  while (text.size() <= kMaxFileBytes) {
    const std::size_t size = std::fread(buffer, 1, sizeof(buffer), file.get());
    if (size == 0) break;
    text.append(buffer, size);
  }
  if (std::ferror(file.get()) != 0) {
    diagnostics.Error({path}, std::strerror(errno));
    return std::nullopt;
  }
  return text;
}

}  // namespace nezuban::ruleset
