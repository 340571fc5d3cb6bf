// SPDX-License-Identifier: Apache-2.0
#include "cri/host_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "testlib/temp_dir.h"

namespace nezuban::cri {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kId(64, 'a');

class HostFilesTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  void Listen(const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, (root_ + path).c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  const testlib::TempDir directory_;
  const std::string& root_ = directory_.path();
};

TEST_F(HostFilesTest, FindsSocketsAndNothingElse) {
  Write("/run/crio/crio.sock", "no socket");
  EXPECT_THAT(FindSockets(root_), IsEmpty());
  Listen("/run/k3s/containerd/containerd.sock");
  Listen("/run/containerd/containerd.sock");
  EXPECT_THAT(FindSockets(root_), ElementsAre(root_ + "/run/containerd/containerd.sock",
                                              root_ + "/run/k3s/containerd/containerd.sock"));
}

TEST_F(HostFilesTest, ReadsBundlesOfEachRuntime) {
  EXPECT_EQ(ReadBundle(root_, kId), "");
  Write("/var/lib/containers/storage/overlay-containers/" + kId + "/userdata/config.json",
        "podman");
  EXPECT_EQ(ReadBundle(root_, kId), "podman");
  Write("/run/containers/storage/overlay-containers/" + kId + "/userdata/config.json", "crio");
  EXPECT_EQ(ReadBundle(root_, kId), "crio");
  const std::string tasks = "/run/containerd/io.containerd.runtime.v2.task/";
  Write(tasks + "moby/" + kId + "/config.json", "docker");
  EXPECT_EQ(ReadBundle(root_, kId), "docker");
  Write(tasks + "k8s.io/" + kId + "/config.json", "kubernetes");
  EXPECT_EQ(ReadBundle(root_, kId), "kubernetes");
}

TEST_F(HostFilesTest, TakesNoGiantAndNoPipe) {
  const std::string bundle =
      "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + kId + "/config.json";
  Write(bundle, std::string((std::size_t{4} << 20) + 1, 'x'));
  EXPECT_EQ(ReadBundle(root_, kId), "");
  std::filesystem::remove(root_ + bundle);
  ASSERT_EQ(::mkfifo((root_ + bundle).c_str(), 0600), 0);
  EXPECT_EQ(ReadBundle(root_, kId), "");
}

TEST(IsContainerId, IsSixtyFourHexadecimalDigits) {
  EXPECT_TRUE(IsContainerId(kId));
  EXPECT_FALSE(IsContainerId(""));
  EXPECT_FALSE(IsContainerId(std::string(63, 'a')));
  EXPECT_FALSE(IsContainerId(std::string(64, 'g')));
  EXPECT_FALSE(IsContainerId("../../../../../../../../../../../../../../../../../../../../../../"));
}

}  // namespace
}  // namespace nezuban::cri
