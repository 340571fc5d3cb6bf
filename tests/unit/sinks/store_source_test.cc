// SPDX-License-Identifier: Apache-2.0
#include "sinks/store_source.h"

#include <gtest/gtest.h>

#include "store/store.h"
#include "testlib/temp_dir.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

class StoreSourceTest : public testing::Test {
 protected:
  void Open(std::size_t max_alert_bytes = 10'000) {
    store::StoreOptions options;
    options.directory = directory_ / "store";
    options.max_alert_bytes = max_alert_bytes;
    auto opened = store::Store::Open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  StoreSource Source() {
    auto reader = store_->OpenReader("sink.test", {store::Start::At::kOldest});
    EXPECT_TRUE(reader);
    return StoreSource(*std::move(reader));
  }
  void Publish(const std::string& rule) {
    store_->Publish(std::make_shared<const alert::Alert>(AlertOf(rule)));
  }
  static AlertSource::Batch Next(StoreSource& source) {
    return source.Next({}, std::chrono::milliseconds(5000), {});
  }

  testlib::TempDir directory_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(StoreSourceTest, GoesOnBehindWhatWasAcknowledged) {
  Open();
  {
    StoreSource source = Source();
    for (const char* rule : {"a", "b", "c"}) Publish(rule);
    std::vector<Outgoing> all;
    while (all.size() < 3) {
      for (Outgoing& outgoing : Next(source).items) all.push_back(std::move(outgoing));
    }
    EXPECT_EQ(std::get<alert::Alert>(all[2].what).rule, "c");
    EXPECT_EQ(std::get<alert::Alert>(all[2].what).message, "message of c");
    source.Acknowledge(all[1].cursor);
  }
  store_.reset();
  Open();
  StoreSource source = Source();
  const AlertSource::Batch batch = Next(source);
  ASSERT_GE(batch.items.size(), 1u);
  EXPECT_EQ(std::get<alert::Alert>(batch.items[0].what).rule, "c");
  EXPECT_EQ(batch.last, batch.items.back().cursor);
}

TEST_F(StoreSourceTest, AGapOfTheStoreIsAGapOfTheSink) {
  Open(2000);
  StoreSource source = Source();
  Publish(std::string(3000, 'x'));
  const AlertSource::Batch batch = Next(source);
  ASSERT_EQ(batch.items.size(), 1u);
  const auto& gap = std::get<Gap>(batch.items[0].what);
  EXPECT_EQ(gap.count, 1u);
  EXPECT_EQ(gap.reason, "the alert was too large");
  EXPECT_EQ(gap.first_ns, 1'000'000'000);
}

}  // namespace
}  // namespace nezuban::sinks
