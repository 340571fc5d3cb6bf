// SPDX-License-Identifier: Apache-2.0
#include "kube/answers.h"

#include <gtest/gtest.h>

#include <string>

namespace nezuban::kube {
namespace {

// As kube-apiserver 1.33 answers, but for managedFields.
constexpr std::string_view kPodAsServed =
    R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web-0",)"
    R"("namespace":"shop","uid":"11111111-2222","resourceVersion":"88","generation":1,)"
    R"("creationTimestamp":"2026-11-23T02:00:00Z","labels":{"tier":"front","app":"web"},)"
    R"("annotations":{"x":"y"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n",)"
    R"("uid":"9"},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d","uid":"aa-bb",)"
    R"("controller":true,"blockOwnerDeletion":true}],"managedFields":[{"fieldsV1":{"f:a":{}}}]}})";

TEST(KubeAnswers, APod) {
  const auto pod = ParseObject(kPodAsServed);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->name, "web-0");
  EXPECT_EQ(pod->ns, "shop");
  EXPECT_EQ(pod->uid, "11111111-2222");
  EXPECT_EQ(pod->labels, (state::Labels{{"app", "web"}, {"tier", "front"}}));
  EXPECT_EQ(pod->controller, (OwnerReference{"apps/v1", "ReplicaSet", "web-7d", "aa-bb"}));
  EXPECT_EQ(pod->node_uid, "");
}

TEST(KubeAnswers, APodThatAKubeletMadeFromAFile) {
  const auto mirror = ParseObject(
      R"({"metadata":{"name":"etcd-n","namespace":"kube-system","uid":"1-2","annotations":)"
      R"({"kubernetes.io/config.hash":"77ff","kubernetes.io/config.mirror":"77ff"}}})");
  ASSERT_TRUE(mirror);
  EXPECT_EQ(mirror->node_uid, "77ff");
  const auto claims =
      ParseObject(R"({"metadata":{"name":"a","namespace":"b","uid":"1-2","annotations":)"
                  R"({"kubernetes.io/config.hash":"77ff"}}})");
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->node_uid, "") << "no mirror";
}

TEST(KubeAnswers, AList) {
  const auto list =
      ParseList(R"({"metadata":{"resourceVersion":"90","continue":"a/b=",)"
                R"("remainingItemCount":7},"items":[)" +
                std::string(kPodAsServed) + R"(,{"metadata":{"name":"../x","uid":"1"}}]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->version, "90");
  EXPECT_EQ(list->continue_token, "a/b=");
  EXPECT_EQ(list->objects.size(), 1u);
  EXPECT_EQ(list->unreadable, 1u);
  EXPECT_TRUE(ParseList(R"({"metadata":{"resourceVersion":"1"}})")) << "items: null";
}

TEST(KubeAnswers, Changes) {
  const std::string pod(kPodAsServed);
  const auto added = ParseEvent(R"({"type":"ADDED","object":)" + pod + "}");
  ASSERT_TRUE(added && added->object);
  EXPECT_EQ(added->change, Change::kPut);
  EXPECT_EQ(added->version, "88");
  EXPECT_EQ(ParseEvent(R"({"type":"DELETED","object":)" + pod + "}")->change, Change::kRemoved);
  const auto mark =
      ParseEvent(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"99"}}})");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->change, Change::kBookmark);
  EXPECT_EQ(mark->version, "99");
  const auto gone =
      ParseEvent(R"({"type":"ERROR","object":{"kind":"Status","metadata":{},"status":"Failure",)"
                 R"("message":"too old resource version","reason":"Expired","code":410}})");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->code, 410);
  EXPECT_EQ(gone->message, "too old resource version");
}

TEST(KubeAnswers, WhatDoesNotFitIsNoAnswer) {
  const std::string deep =
      R"({"metadata":{"resourceVersion":"1","x":)" + std::string(100'000, '[') + "}}";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"),
        std::string(R"({"metadata":[]})"), std::string(R"({"metadata":{"resourceVersion":{}}})"),
        std::string(R"({"metadata":{"resourceVersion":"1&watch=0"}})"),
        std::string(R"({"metadata":{"resourceVersion":"1"},"items":[7]})"), deep,
        std::string("\xff\xfe\0{", 4)}) {
    EXPECT_FALSE(ParseList(text)) << text.substr(0, 80);
  }
  for (const char* text : {R"({"type":"EXPLODED","object":{}})", R"({"type":7})", "", "x"}) {
    EXPECT_FALSE(ParseEvent(text)) << text;
  }
}

std::string JsonNamed(const std::string& name, const std::string& uid,
                      const std::string& rest = "") {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"a","uid":")" + uid + "\"" + rest +
         "}}";
}

TEST(KubeAnswers, NamesThatLeadElsewhereAreRefused) {
  EXPECT_TRUE(ParseObject(JsonNamed("a.b-c", "1")));
  for (const char* name : {"", "..", "../secrets/x", "a/b", "a?b", "a%2fb", "A", "a b"}) {
    EXPECT_FALSE(ParseObject(JsonNamed(name, "1"))) << name;
    EXPECT_FALSE(IsName(name)) << name;
  }
  EXPECT_FALSE(ParseObject(JsonNamed(std::string(254, 'a'), "1")));
  EXPECT_FALSE(ParseObject(JsonNamed("a", "1/2")));
}

TEST(KubeAnswers, AControllerThatCannotBeReadDoesNotHideThePod) {
  for (const char* reference :
       {R"("kind":"ReplicaSet","name":"../x","uid":"2")", R"("kind":"X","name":"A B","uid":"1")",
        R"("kind":"","name":"a","uid":"1")", R"("kind":"X","name":"a","uid":"1/2")"}) {
    const auto pod = ParseObject(JsonNamed(
        "a", "1", R"(,"ownerReferences":[{"controller":true,)" + std::string(reference) + "}]"));
    ASSERT_TRUE(pod) << reference;
    EXPECT_EQ(pod->controller, std::nullopt);
    EXPECT_TRUE(pod->controller_unreadable) << "controlled by nobody would be a lie";
  }
  EXPECT_FALSE(ParseObject(kPodAsServed)->controller_unreadable);
}

TEST(KubeAnswers, LabelsAreCut) {
  std::string labels;
  for (int i = 0; i < 1000; ++i) {
    labels += (i > 0 ? "," : "") + ("\"k" + std::to_string(i)) + R"(":"v")";
  }
  const auto many = ParseObject(JsonNamed("a", "1", R"(,"labels":{)" + labels + "}"));
  ASSERT_TRUE(many);
  EXPECT_EQ(many->labels.list.size(), state::kMaxLabels);
  EXPECT_FALSE(many->labels.whole);
  EXPECT_FALSE(ParseObject(JsonNamed("a", "1", R"(,"labels":{"k":{"v":1}})")));
}

TEST(KubeAnswers, ARefusalSaysWhy) {
  EXPECT_EQ(ParseMessage(R"({"kind":"Status","message":"pods is forbidden","code":403})"),
            "pods is forbidden");
  EXPECT_EQ(ParseMessage("<html>"), "");
  EXPECT_EQ(ParseMessage(R"({"message":")" + std::string(9999, 'x') + "\"}").size(), 256u);
}

}  // namespace
}  // namespace nezuban::kube
