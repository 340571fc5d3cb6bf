// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"

namespace nezuban {
namespace {

Result<std::unique_ptr<int>> Half(int n) {
  if (n % 2 != 0) return Fail("odd", 1);
  return std::make_unique<int>(n / 2);
}

Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const auto half, Half(n));
  ASSIGN_OR_RETURN(const auto quarter, Half(*half));
  return *quarter;
}

Status Check(int n) {
  RETURN_IF_ERROR([&]() -> Status {
    if (n < 0) return Fail("check", Error{"negative", 1});
    return {};
  }());
  return {};
}

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Result, PassesValuesAndErrorsOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  ASSERT_FALSE(Quarter(6));
  EXPECT_EQ(Quarter(6).error().message, "odd");
  EXPECT_EQ(Quarter(6).error().exit_code, 1);
}

TEST(Result, PutsContextBeforeTheMessageAndKeepsTheCode) {
  EXPECT_TRUE(Check(1));
  ASSERT_FALSE(Check(-1));
  EXPECT_EQ(Check(-1).error().message, "check: negative");
  EXPECT_EQ(Check(-1).error().exit_code, 1);
  EXPECT_EQ(Result<int>(Fail("x")).error().exit_code, 2);
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    EXPECT_EQ(second.get(), raw);
    UniqueFd third;
    EXPECT_FALSE(third.valid());
    third = std::move(second);
    EXPECT_TRUE(third.valid());
    EXPECT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFd, ReleaseGivesItAway) {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  { EXPECT_EQ(UniqueFd(raw).release(), raw); }
  EXPECT_TRUE(IsOpen(raw));
  const UniqueFd closes(raw);
}

TEST(CheckDeathTest, AbortsWithThePlace) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "result_test.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace nezuban
