// SPDX-License-Identifier: Apache-2.0
#include "probe/proof.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <optional>
#include <string_view>

#include "testlib/record_builder.h"

namespace nezuban::probe {
namespace {

using testlib::Actor;

constexpr char kName[] = "nz-proof-here";

class ProofTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto proof = Proof::Start({}, 0, kName);
    ASSERT_TRUE(proof) << proof.error().message;
    proof_.emplace(std::move(*proof));
  }

  bool Take(auto draft) {
    const testlib::Record record = draft.Build();
    return proof_->Take(record.event());
  }
  bool TakeFork(const Actor& actor, const Actor& child) {
    return Take(testlib::Fork(actor, child.tgid, child.start_ns));
  }

  const Actor monitor_{.tgid = 1900, .start_ns = 19, .flags = RECORD_OWN};
  const Actor child_{.tgid = 2000, .start_ns = 20, .comm = kName};
  const Actor actor_{.tgid = 2001, .start_ns = 21, .comm = kName};
  std::optional<Proof> proof_;
};

TEST_F(ProofTest, TakesWhatDescendsFromTheMonitor) {
  EXPECT_TRUE(TakeFork(monitor_, child_));
  EXPECT_TRUE(TakeFork(child_, actor_));
  EXPECT_TRUE(Take(testlib::Exec({.tgid = 2001, .start_ns = 21, .comm = "true"}, "/bin/true")));
  EXPECT_TRUE(proof_->seen().test(EVENT_FORK));
  EXPECT_TRUE(proof_->seen().test(EVENT_EXEC));
  EXPECT_FALSE(proof_->seen().test(EVENT_EXIT));
}

// /proc shows the name to everybody, and numbers are given again.
TEST_F(ProofTest, NobodyHidesUnderItsNameOrNumber) {
  EXPECT_TRUE(TakeFork(monitor_, child_));
  const Actor spy{.tgid = 3000, .start_ns = 30, .comm = kName};
  EXPECT_FALSE(Take(testlib::Exit(spy)));
  EXPECT_FALSE(TakeFork(spy, {.tgid = 3001, .start_ns = 31}));
  EXPECT_FALSE(Take(testlib::Exit({.tgid = 3001, .start_ns = 31})));
  EXPECT_FALSE(Take(testlib::Exit({.tgid = 2000, .start_ns = 40})));
  EXPECT_FALSE(proof_->seen().test(EVENT_EXIT)) << "proved by somebody else";
}

// A call on names as a sensor with hooks inside the call tells it.
struct Told {
  event::EventType event = EVENT_RENAME;
  std::uint8_t variant = 0;
  std::string_view name = "/a", path = "/a", new_path;
  std::uint64_t flags = 0;
  std::uint8_t sensor = SENSOR_OBJECT;
};

template <typename Record>
testlib::Draft<Record> Call(const Actor& actor, const Told& told) {
  testlib::Draft<Record> call(actor, told.event, told.variant);
  reinterpret_cast<record_header&>(*call.operator->()).sensor = told.sensor;
  auto& names = reinterpret_cast<path_record&>(*call.operator->());
  call.Text(names.name, told.name).Text(names.path, told.path).Text(names.dir, "");
  call.Text(names.new_name, "/b").Text(names.new_path, told.new_path).Text(names.new_dir, "");
  names.flags = told.flags;
  return call;
}

class NameProofTest : public ProofTest {
 protected:
  void SetUp() override {
    ProofTest::SetUp();
    EXPECT_TRUE(TakeFork(monitor_, child_));
  }

  bool Proves(const Told& told) {
    EXPECT_TRUE(told.event < EVENT_MKNOD ? Take(Call<path_record>(child_, told))
                                         : Take(Call<node_record>(child_, told)));
    return proof_->seen()[told.event];
  }
};

TEST_F(NameProofTest, OnlyByWhatTheHooksSaw) {
  EXPECT_FALSE(Proves({.path = ""}));
  EXPECT_FALSE(Proves({.path = "", .new_path = "/b"}));
  EXPECT_FALSE(Proves({.new_path = ""}));
  EXPECT_TRUE(Proves({.new_path = "/b"}));
  EXPECT_FALSE(Proves({.event = EVENT_CHMOD, .path = ""}));
  EXPECT_FALSE(Proves({.event = EVENT_CHMOD, .name = ""})) << "known by the descriptor";
  EXPECT_TRUE(Proves({.event = EVENT_CHMOD}));
  EXPECT_FALSE(Proves({.event = EVENT_UTIME, .path = ""}));
  EXPECT_TRUE(Proves({.event = EVENT_UTIME}));
}

TEST_F(NameProofTest, OfTwoHooksByBoth) {
  constexpr std::uint8_t kUnlinkat = 1, kLinkat = 1, kSymlinkat = 3;
  EXPECT_FALSE(Proves({.event = EVENT_UNLINK, .variant = kUnlinkat}));
  EXPECT_FALSE(
      Proves({.event = EVENT_UNLINK, .variant = kUnlinkat, .path = "", .flags = AT_REMOVEDIR}));
  EXPECT_TRUE(Proves({.event = EVENT_UNLINK, .variant = kUnlinkat, .flags = AT_REMOVEDIR}));
  EXPECT_FALSE(Proves({.event = EVENT_LINK, .variant = kSymlinkat, .path = "", .new_path = "/b"}));
  EXPECT_FALSE(Proves({.event = EVENT_LINK, .variant = kLinkat, .path = "", .new_path = "/b"}));
  EXPECT_TRUE(Proves({.event = EVENT_LINK, .variant = kLinkat, .new_path = "/b"}));
}

TEST_F(NameProofTest, RmdirIsOneCallByTwoNames) {
  constexpr std::uint8_t kUnlinkat = 1, kRmdir = 2;
  EXPECT_FALSE(Proves({.event = EVENT_UNLINK, .variant = kRmdir}));
  EXPECT_FALSE(Proves({.event = EVENT_UNLINK, .variant = kUnlinkat, .flags = AT_REMOVEDIR}));
  EXPECT_TRUE(Proves({.event = EVENT_UNLINK, .variant = kUnlinkat}));
}

TEST_F(NameProofTest, WhereThereAreNoneByTheRecordAlone) {
  EXPECT_TRUE(Proves({.event = EVENT_MKDIR, .path = "", .sensor = SENSOR_TRACEPOINT}));
}

}  // namespace
}  // namespace nezuban::probe
