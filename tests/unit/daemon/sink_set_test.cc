// SPDX-License-Identifier: Apache-2.0
#include "daemon/sink_set.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "testlib/eventually.h"
#include "testlib/loopback.h"
#include "testlib/temp_dir.h"

namespace nezuban::daemon {
namespace {

using std::chrono::milliseconds;
using testlib::Eventually;

TEST(SinkSet, StopsAllAtOnce) {
  const testlib::TempDir directory;
  const testlib::LoopbackListener silent(64);  // takes connections, and never answers
  store::StoreOptions store_options;
  store_options.directory = directory / "store";
  const auto store = *store::Store::Open(store_options);
  Config config;
  for (const auto& [name, timeout] : {std::pair("slow", 1000), std::pair("quick", 100)}) {
    sinks::SinkOptions& sink = config.sinks.emplace_back();
    sink.name = name;
    sink.type = "webhook";
    sink.timeout = milliseconds(timeout);
    sink.retry_max = milliseconds(10);
    sink.webhook.url = "http://127.0.0.1:" + std::to_string(silent.port) + "/";
  }
  const auto set = *SinkSet::Open(config, {}, *store);
  alert::Alert alert;
  alert.rule = "rule";
  store->Publish(std::make_shared<const alert::Alert>(alert));
  const auto retried = [&] { return set->Status().at(1).retried; };
  ASSERT_TRUE(Eventually([&] { return retried() > 0; }));

  const std::uint64_t before = retried();
  set->Stop(milliseconds(0));
  // The slow one was waited for; meanwhile the quick one must not have begun again and again.
  EXPECT_LE(retried() - before, 1u);
}

}  // namespace
}  // namespace nezuban::daemon
