// SPDX-License-Identifier: Apache-2.0
#include "cri/answers.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace nezuban::cri {
namespace {

namespace v1 = ::runtime::v1;
using state::ContainerMetadata;

v1::ContainerStatusResponse WebStatus() {
  v1::ContainerStatusResponse answer;
  v1::ContainerStatus& status = *answer.mutable_status();
  status.mutable_metadata()->set_name("web");
  status.mutable_image()->set_image("shop/web:v1");
  status.set_image_ref("shop/web@sha256:bb");
  status.set_image_id("sha256:aa");
  status.set_created_at(16);
  status.set_started_at(17);
  (*status.mutable_labels())["b"] = "2";
  (*status.mutable_labels())["a"] = "1";
  (*status.mutable_labels())["io.kubernetes.pod.name"] = "web-0";
  v1::Mount& mount = *status.add_mounts();
  mount.set_host_path("/s");
  mount.set_container_path("/d");
  mount.set_readonly(true);
  mount.set_propagation(v1::PROPAGATION_HOST_TO_CONTAINER);
  return answer;
}

TEST(ApplyContainerStatus, KeepsWhatIsAskedFor) {
  v1::ContainerStatusResponse answer = WebStatus();
  (*answer.mutable_info())["info"] =
      R"({"sandboxID":"box","pid":77,"removing":false,"snapshotter":"overlayfs",)"
      R"("config":{"metadata":{"name":"web"},"linux":{"security_context":{"privileged":true}}},)"
      R"("runtimeSpec":{"ociVersion":"1.0.2","process":{"user":{"uid":1000,"gid":7},"env":["A=b"],)"
      R"("capabilities":{"bounding":["CAP_CHOWN"],"effective":["CAP_CHOWN","CAP_KILL"]}}}})";
  (*answer.mutable_status()->mutable_annotations())["note"] = "x";
  ContainerMetadata m;
  Apply(answer, m);
  EXPECT_EQ(m.name, "web");
  EXPECT_EQ(m.image, "shop/web:v1");
  EXPECT_EQ(m.image_id, "sha256:aa");
  EXPECT_EQ(m.image_digest, "sha256:bb");
  EXPECT_EQ(m.start_ns, 17);
  EXPECT_EQ(m.labels, (state::Labels{{"a", "1"}, {"b", "2"}, {"io.kubernetes.pod.name", "web-0"}}));
  EXPECT_EQ(m.mounts, (std::vector<state::ContainerMount>{{"/s", "/d", false, "rslave"}}));
  EXPECT_EQ(m.privileged, true);
  EXPECT_EQ(m.pod.sandbox_id, "box");
  EXPECT_EQ(m.pod.name, "web-0") << "from the labels a kubelet sets";
  EXPECT_EQ(m.user, (state::ContainerUser{1000, 7}));
  EXPECT_EQ(m.capabilities, "CAP_CHOWN CAP_KILL");
  EXPECT_EQ(m.annotations, (state::Labels{{"note", "x"}}));
}

TEST(ApplyContainerStatus, TakesWhatCriOTells) {
  v1::ContainerStatusResponse answer = WebStatus();
  answer.mutable_status()->mutable_image()->set_user_specified_image("shop/web:asked");
  (*answer.mutable_info())["info"] =
      R"({"sandboxID":"box","pid":77,"privileged":false,"runtimeSpec":{"ociVersion":"1.0.2"}})";
  ContainerMetadata m;
  Apply(answer, m);
  EXPECT_EQ(m.image, "shop/web:asked");
  EXPECT_EQ(m.privileged, false);
  EXPECT_EQ(m.pod.sandbox_id, "box");
}

// What a runtime shows of a container whose bundle has this as "linux", and what that bundle itself
// says.
TEST(ApplyContainerStatus, TellsWhetherSystemCallsAreFiltered) {
  const std::pair<std::string, std::optional<bool>> cases[] = {
      {R"({"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],)"
       R"("action":"SCMP_ACT_ALLOW"}]}})",
       true},
      {R"({"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],)"
       R"("action":"SCMP_ACT_ERRNO"}]}})",
       true},
      {R"({"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}})", false},
      {R"({"seccomp":null,"cgroupsPath":"x"})", false},
      {"{}", false},
      {"null", std::nullopt},
  };
  for (const auto& [linux_part, told] : cases) {
    v1::ContainerStatusResponse answer = WebStatus();
    (*answer.mutable_info())["info"] = R"({"runtimeSpec":{"linux":)" + linux_part + "}}";
    ContainerMetadata m;
    Apply(answer, m);
    EXPECT_EQ(m.seccomp, told) << linux_part;
    ContainerMetadata of_bundle;
    EXPECT_EQ(ApplyBundle(R"({"annotations":{"io.kubernetes.pod.name":"web-0"},"linux":)" +
                              linux_part + "}",
                          of_bundle),
              BundleKind::kPods);
    EXPECT_EQ(of_bundle.seccomp, told) << linux_part;
  }
}

TEST(ApplyContainerStatus, PrefersAnImagesNameToItsId) {
  v1::ContainerStatusResponse answer = WebStatus();
  answer.mutable_status()->mutable_image()->set_image("sha256:aa");
  ContainerMetadata m;
  Apply(answer, m);
  EXPECT_EQ(m.image, "sha256:aa") << "better than nothing";
  m.image = "shop/web:of-bundle";
  Apply(answer, m);
  EXPECT_EQ(m.image, "shop/web:of-bundle");
  answer.mutable_status()->set_image_ref("sha256:cc");
  answer.mutable_status()->clear_image_id();
  Apply(answer, m);
  EXPECT_EQ(m.image_id, "sha256:cc");
}

TEST(ApplyContainerStatus, IsTotalAndBounded) {
  for (const std::string info : {"", "{", "[]", "null", "{\"sandboxID\":7}", "{\"config\":[]}",
                                 "{\"privileged\":\"perhaps\"}", "\xff"}) {
    v1::ContainerStatusResponse answer;
    (*answer.mutable_info())["info"] = info;
    ContainerMetadata m;
    Apply(answer, m);
    EXPECT_EQ(m.pod.sandbox_id, "") << info;
    EXPECT_FALSE(m.privileged) << info;
  }
  v1::ContainerStatusResponse answer;
  (*answer.mutable_info())["info"] = std::string(100'000, '[');
  for (int i = 0; i < 1000; ++i) {
    (*answer.mutable_status()->mutable_labels())["l" + std::to_string(i)] = "v";
    answer.mutable_status()->add_mounts();
  }
  answer.mutable_status()->mutable_metadata()->set_name(std::string(100'000, 'n'));
  ContainerMetadata m;
  Apply(answer, m);
  EXPECT_EQ(m.name.size(), kMaxText);
  EXPECT_EQ(m.labels->list.size(), kMaxLabels);
  EXPECT_FALSE(m.labels->whole);
  EXPECT_TRUE(m.annotations->whole);
  EXPECT_EQ(m.mounts->size(), kMaxMounts);
  EXPECT_FALSE(m.mounts_whole);
}

TEST(ApplyContainerStatus, SaysWhatWasCutOff) {
  v1::ContainerStatusResponse answer;
  auto& annotations = *answer.mutable_status()->mutable_annotations();
  annotations["long"] = std::string(kMaxText + 1, 'v');
  annotations["short"] = std::string(kMaxText, 'v');
  ContainerMetadata m;
  Apply(answer, m);
  ASSERT_EQ(m.annotations->list.size(), 2u);
  EXPECT_FALSE(m.annotations->list[0].whole);
  EXPECT_EQ(m.annotations->list[0].value.size(), kMaxText);
  EXPECT_TRUE(m.annotations->list[1].whole);
  EXPECT_TRUE(m.annotations->whole);
  annotations["z" + std::string(kMaxLabelBytes, 'k')] = "v";
  Apply(answer, m);
  EXPECT_EQ(m.annotations->list.size(), 2u) << "a key is never cut";
  EXPECT_FALSE(m.annotations->whole);
}

TEST(ApplySandbox, TellsThePod) {
  v1::PodSandboxStatusResponse answer;
  v1::PodSandboxStatus& sandbox = *answer.mutable_status();
  sandbox.set_id("box");
  (*sandbox.mutable_annotations())["owner"] = "team";
  (*answer.mutable_info())["info"] =
      R"({"pid":5,"cniResult":{"Interfaces":{"eth0":{"IPConfigs":[{"IP":"10.0.0.7"}]}}}})";
  sandbox.mutable_metadata()->set_name("web-0");
  sandbox.mutable_metadata()->set_namespace_("shop");
  sandbox.mutable_metadata()->set_uid("1234");
  sandbox.mutable_network()->set_ip("10.0.0.7");
  (*sandbox.mutable_labels())["tier"] = "front";
  sandbox.mutable_linux()->mutable_namespaces()->mutable_options()->set_pid(v1::NODE);
  ContainerMetadata m;
  Apply(answer, m);
  EXPECT_EQ(m.pod, (state::PodMetadata{
                       "web-0", "shop", "1234", "box", "10.0.0.7", state::Labels{{"tier", "front"}},
                       false, true, false, state::Labels{{"owner", "team"}},
                       R"({"Interfaces":{"eth0":{"IPConfigs":[{"IP":"10.0.0.7"}]}}})"}));
}

TEST(ApplySandbox, TakesNoNetworkThatIsNone) {
  for (const std::string& info :
       {std::string("{\"cniResult\":null}"), std::string("{\"cniResult\":7}"), std::string("{"),
        std::string("[]"), std::string("{\"cniResult\":{\"a\":\""),
        "{\"cniResult\":{\"a\":\"" + std::string(kMaxCni, 'x') + "\"}}"}) {
    v1::PodSandboxStatusResponse answer;
    (*answer.mutable_info())["info"] = info;
    ContainerMetadata m;
    Apply(answer, m);
    EXPECT_EQ(m.pod.cni, "") << info.substr(0, 64);
  }
}

TEST(ApplyBundle, TellsThePodByAnnotations) {
  ContainerMetadata m;
  EXPECT_EQ(ApplyBundle(R"({"ociVersion":"1.0.2","process":{"args":["x"],"user":{"uid":1000},
      "capabilities":{"effective":["CAP_KILL"]}},"annotations":{
      "io.kubernetes.cri.container-name":"web","io.kubernetes.cri.image-name":"shop/web:v1",
      "io.kubernetes.cri.sandbox-id":"box","io.kubernetes.cri.sandbox-name":"web-0",
      "io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-uid":"1234"}})",
                        m),
            BundleKind::kPods);
  EXPECT_EQ(m.name, "web");
  EXPECT_EQ(m.image, "shop/web:v1");
  EXPECT_EQ(m.pod,
            (state::PodMetadata{"web-0", "shop", "1234", "box", "", {}, {}, {}, {}, {}, {}}));
  EXPECT_EQ(m.user, (state::ContainerUser{1000, 0})) << "what is 0 need not be said";
  EXPECT_EQ(m.capabilities, "CAP_KILL");
  ContainerMetadata crio;
  EXPECT_EQ(ApplyBundle(R"({"process":{"user":{"uid":1000},
      "capabilities":{"effective":["CAP_KILL"]}},"annotations":{"io.kubernetes.container.name":"web",
      "io.kubernetes.cri-o.ImageName":"shop/web:v1","io.kubernetes.cri-o.SandboxID":"box",
      "io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop",
      "io.kubernetes.pod.uid":"1234"}})",
                        crio),
            BundleKind::kPods);
  EXPECT_EQ(crio, m);
}

TEST(ApplyBundle, RefusesWhatIsNoPods) {
  const std::pair<std::string, BundleKind> cases[] = {
      {"", BundleKind::kUnreadable},
      {"{}", BundleKind::kNobodys},
      {"{\"annotations\":{}}", BundleKind::kNobodys},
      {"{\"annotations\":[1]}", BundleKind::kUnreadable},
      {"{\"annotations\":{\"a\":\"b\"}}", BundleKind::kNobodys},
      {"nonsense", BundleKind::kUnreadable},
      {"{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":", BundleKind::kUnreadable},
  };
  for (const auto& [json, kind] : cases) {
    ContainerMetadata m;
    EXPECT_EQ(ApplyBundle(json, m), kind) << json;
    EXPECT_EQ(m, ContainerMetadata()) << json;
  }
}

}  // namespace
}  // namespace nezuban::cri
