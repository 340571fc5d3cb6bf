// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kube/cache.h"
#include "kube/wanted.h"

namespace nezuban::kube {

inline OwnerReference ReplicaSet(const std::string& name) {
  return {"apps/v1", "ReplicaSet", name, "uid-" + name};
}

inline Object Named(const std::string& name, const std::string& ns = "shop") {
  return {.name = name, .ns = ns, .uid = "uid-" + name};
}

class CacheTest : public testing::Test {
 protected:
  void List(const std::vector<std::string>& names) {
    pods_.BeginList();
    for (const std::string& name : names) pods_.Put(Named(name));
    pods_.EndList();
  }
  std::optional<state::ClusterMetadata> Tell(bool all = true) {
    auto items = wanted_.Tell(all, now_);
    if (items.empty()) return std::nullopt;
    EXPECT_EQ(items.size(), 1u);
    return *items.back().metadata;
  }
  void Owner(const std::string& uid, Owners::Told told,
             std::optional<Object> object = std::nullopt) {
    const auto due = owners_.Next(now_);
    ASSERT_TRUE(due);
    EXPECT_TRUE(due->key.ends_with(" " + uid)) << due->key;
    owners_.Tell(due->key, told, std::move(object), now_);
  }

  CacheLimits limits_{.pods = 4, .ended_pods = 2, .namespaces = 3, .owners = 3};
  Time now_ = Time() + std::chrono::hours(1);
  Pods pods_{limits_};
  Namespaces namespaces_{limits_};
  Owners owners_{limits_};
  Wanted wanted_{pods_, namespaces_, owners_, 4, std::chrono::seconds(10)};
};

}  // namespace nezuban::kube
