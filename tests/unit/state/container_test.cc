// SPDX-License-Identifier: Apache-2.0
#include "state/container.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace nezuban::state {
namespace {

const std::string kHexId = "4f1c8a0e5b7d92366fe0c1a2b3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6";
const std::string kOtherHexId = "00000000000000000000000000000000000000000000000000000000000000ff";

// Puts kHexId for "@" and kOtherHexId for "#".
std::string Path(std::string_view text) {
  std::string path;
  for (const char c : text) {
    if (c == '@') {
      path += kHexId;
    } else if (c == '#') {
      path += kOtherHexId;
    } else {
      path += c;
    }
  }
  return path;
}

TEST(ParseCgroupPath, FindsContainers) {
  struct Row {
    std::string_view path, id, runtime;
    std::size_t depth;
  };
  const std::vector<Row> rows = {
      // containerd by its CRI
      {"/kubepods.slice/kubepods-pod3f2a.slice/cri-containerd-@.scope", "@", "containerd", 3},
      {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/"
       "cri-containerd-@.scope",
       "@", "containerd", 4},
      {"/kubepods/besteffort/pod0c5b61e3-8d9f-4ab2-9c21-6f40ed3b1c77/@", "@", "containerd", 4},
      {"/kubepods/pod0c5b61e3-8d9f-4ab2-9c21-6f40ed3b1c77/@", "@", "containerd", 3},
      {"/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:@", "@",
       "containerd", 3},
      // in a kind node that has cgroup namespaces off
      {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice/cri-containerd-@.scope",
       "@", "containerd", 4},
      {"/kubelet/kubepods/burstable/pod1/@", "@", "containerd", 5},
      // containerd without Kubernetes
      {"/system.slice/nerdctl-@.scope", "@", "containerd", 2},
      {"/k8s.io/@", "@", "containerd", 2},
      {"/default/@", "@", "containerd", 2},
      // CRI-O
      {"/kubepods.slice/kubepods-pod1.slice/crio-@.scope", "@", "cri-o", 3},
      {"/kubepods.slice/kubepods-pod1.slice/crio-@.scope/container", "@", "cri-o", 3},
      {"/kubepods/burstable/pod1/crio-@", "@", "cri-o", 4},
      // Docker
      {"/system.slice/docker-@.scope", "@", "docker", 2},
      {"/docker/@", "@", "docker", 2},
      {"/docker/buildx/@", "@", "docker", 3},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-@.scope", "@", "docker", 5},
      {"/kubepods.slice/kubepods-pod1.slice/docker-@.scope", "@", "docker", 3},
      {"/ecs/0123456789abcdef0123456789abcdef/@", "@", "docker", 3},
      // Podman
      {"/machine.slice/libpod-@.scope", "@", "podman", 2},
      {"/machine.slice/libpod-@.scope/container", "@", "podman", 2},
      {"/machine.slice/machine-libpod_pod_#.slice/libpod-@.scope/container", "@", "podman", 3},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-@.scope/container", "@",
       "podman", 5},
      {"/libpod_parent/libpod-@", "@", "podman", 2},
      {"/system.slice/web.service/libpod-payload-@", "@", "podman", 3},
      // plain runtimes by systemd; the name is the user's
      {"/system.slice/runc-my_app.1.scope", "my_app.1", "runc", 2},
      {"/user.slice/user-0.slice/crun-web.scope", "web", "crun", 3},
      // some --cgroup-parent
      {"/batch/jobs/@", "@", "unknown", 3},
      // below a container: the outermost one, whatever a child is called
      {"/system.slice/docker-@.scope/kubepods.slice/cri-containerd-#.scope", "@", "docker", 2},
      {"/docker/@/docker/#", "@", "docker", 2},
      {"/kubepods/pod1/@/libpod-#.scope", "@", "containerd", 3},
      {"/system.slice/runc-a.scope/cri-containerd-#.scope", "a", "runc", 2},
      // oddly written
      {"//system.slice///docker-@.scope//", "@", "docker", 2},
      {"docker-@.scope", "@", "docker", 1},
  };
  for (const Row& row : rows) {
    const std::string path = Path(row.path);
    const auto match = ParseCgroupPath(path);
    ASSERT_TRUE(match.has_value()) << row.path;
    EXPECT_EQ(match->full_id, Path(row.id)) << row.path;
    EXPECT_EQ(match->runtime, row.runtime) << row.path;
    EXPECT_EQ(match->depth, row.depth) << row.path;
  }
}

TEST(ParseCgroupPath, TakesNothingElseForAContainer) {
  for (const std::string_view text : {
           "",
           "/",
           "//",
           "/init.scope",
           "/system.slice/docker.service",
           "/system.slice/containerd.service",
           "/user.slice/user-1000.slice/session-3.scope",
           "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice",
           "/kubepods/burstable/pod0c5b61e3-8d9f-4ab2-9c21-6f40ed3b1c77",
           "/kubepods.slice/kubepods-pod1.slice/crio-conmon-@.scope",
           "/machine.slice/libpod-conmon-@.scope",
           "/machine.slice/machine-libpod_pod_@.slice",
           "/libpod_parent/conmon",
           "/system.slice/docker-0123456789ab.scope",
           "/system.slice/docker-@0.scope",
           "/system.slice/docker-@.service",
           "/system.slice/docker-.scope",
           "/system.slice/runc-.scope",
           "/system.slice/runc-a b.scope",
           "/system.slice/runc-a",
           "/system.slice/DOCKER-@.scope",
           "/process_api/193baa65f9d9adc11d084943c95e3eef",
           "/a/x@",
           "/a/kubepods-pod1.slice:evil:@",
           "/a/:cri-containerd:",
           "/a/::",
           "/a/b:@",
       }) {
    const std::string path = Path(text);
    EXPECT_FALSE(ParseCgroupPath(path).has_value()) << text;
  }
  std::string upper = "/docker/" + kHexId;
  upper[20] = 'F';
  EXPECT_FALSE(ParseCgroupPath(upper).has_value()) << "runtimes write ids in lower case";
  EXPECT_FALSE(ParseCgroupPath(std::string_view("/docker/\0", 9)).has_value());
}

TEST(ParseCgroupPath, IsQuickOnLongHostilePaths) {
  std::string path;
  for (int i = 0; i < 1000; ++i) path += "/" + kHexId.substr(0, 63) + ":cri-containerd:x";
  EXPECT_FALSE(ParseCgroupPath(path).has_value());
}

TEST(CgroupDepth, CountsComponents) {
  struct Row {
    std::string_view path;
    std::size_t depth;
  };
  for (const Row& row : {Row{"", 0}, Row{"/", 0}, Row{"/a", 1}, Row{"a", 1}, Row{"//a///b//", 2}}) {
    EXPECT_EQ(CgroupDepth(row.path), row.depth) << row.path;
  }
}

TEST(MakeContainer, CutsTheIdAndThePathAtTheContainersLevel) {
  const std::string path = Path("/machine.slice/libpod-@.scope/container/deeper");
  const Container container = MakeContainer(7, path, *ParseCgroupPath(path));
  EXPECT_EQ(container.cgroup_id, 7u);
  EXPECT_EQ(container.full_id, kHexId);
  EXPECT_EQ(container.id, "4f1c8a0e5b7d");
  EXPECT_EQ(container.runtime, "podman");
  EXPECT_EQ(container.cgroup_path, Path("/machine.slice/libpod-@.scope"));

  const Container named = MakeContainer(8, "/runc-x.scope", *ParseCgroupPath("/runc-x.scope"));
  EXPECT_EQ(named.id, "x");
  EXPECT_EQ(named.cgroup_path, "/runc-x.scope");
}

}  // namespace
}  // namespace nezuban::state
