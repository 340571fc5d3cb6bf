// SPDX-License-Identifier: Apache-2.0
#include "cri/host_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/unique_fd.h"

namespace nezuban::cri {
namespace {

constexpr std::size_t kMaxBundle = std::size_t{4} << 20;
constexpr int kMaxNamespaces = 64;

constexpr std::array kSockets = {
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/run/cri-dockerd.sock",
};

// Where containerd keeps its bundles, by namespace.
constexpr std::array kTaskDirectories = {
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
    "/run/k0s/containerd/io.containerd.runtime.v2.task",
};

// CRI-O's, and Podman's.
constexpr std::array kStorageDirectories = {
    "/run/containers/storage/overlay-containers",
    "/var/lib/containers/storage/overlay-containers",
};

std::string Below(const std::string& root, const char* path) {
  return root == "/" ? std::string(path) : root + path;
}

std::string ReadFile(const std::string& path) {
  // A pipe in its place must not hold us up.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), part.data(), part.size());
    if (got < 0) return {};
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxBundle) return {};
  }
}

std::string ReadTask(const std::string& tasks, std::string_view id) {
  const std::string file = "/" + std::string(id) + "/config.json";
  std::string text = ReadFile(tasks + "/k8s.io" + file);
  if (!text.empty()) return text;
  std::error_code error;
  int left = kMaxNamespaces;
  for (std::filesystem::directory_iterator at(tasks, error), end; !error && at != end && left > 0;
       at.increment(error), --left) {
    text = ReadFile(at->path().string() + file);
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

std::vector<std::string> FindSockets(const std::string& host_root) {
  std::vector<std::string> found;
  for (const char* path : kSockets) {
    std::string socket = Below(host_root, path);
    struct stat info {};
    if (::stat(socket.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
      found.push_back(std::move(socket));
    }
  }
  return found;
}

std::string ReadBundle(const std::string& host_root, std::string_view id) {
  for (const char* tasks : kTaskDirectories) {
    std::string text = ReadTask(Below(host_root, tasks), id);
    if (!text.empty()) return text;
  }
  for (const char* storage : kStorageDirectories) {
    std::string text =
        ReadFile(Below(host_root, storage) + "/" + std::string(id) + "/userdata/config.json");
    if (!text.empty()) return text;
  }
  return {};
}

bool IsContainerId(std::string_view id) {
  return id.size() == 64 && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace nezuban::cri
