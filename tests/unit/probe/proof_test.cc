// SPDX-License-Identifier: Apache-2.0
#include "probe/proof.h"

#include <gtest/gtest.h>

#include <optional>

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

}  // namespace
}  // namespace nezuban::probe
