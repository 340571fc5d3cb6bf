// SPDX-License-Identifier: Apache-2.0
#include "probe/candidates.h"

#include <gtest/gtest.h>

#include <set>

namespace nezuban::probe {
namespace {

constexpr bool kOptional = true;

ProgramRow Program(const std::string& name, bool optional = false) {
  ProgramRow row;
  row.name = name;
  row.optional = optional;
  return row;
}

std::vector<SensorRow> TwoRows() {
  return {{EVENT_OPEN,
           SensorKind::kObject,
           "functions",
           {Program("open"), Program("uring", kOptional)}},
          {EVENT_OPEN,
           SensorKind::kTracepoint,
           "calls",
           {Program("open_exit"), Program("uring", kOptional)}}};
}

Candidates::Trial Refusing(const std::set<std::string>& names) {
  return [names](const ProgramRow& program) -> Status {
    if (names.contains(program.name)) return Fail("no " + program.name);
    return {};
  };
}

TEST(Candidates, WhatIsOptionalGoesFirst) {
  Candidates left(EVENT_OPEN, TwoRows(), Refusing({}));
  ASSERT_NE(left.current(), nullptr);
  EXPECT_EQ(left.current()->hook, "functions");
  EXPECT_EQ(left.why(), "");
  EXPECT_FALSE(left.Refuse("open_exit", "of the other row"));
  EXPECT_TRUE(left.Refuse("uring", "too long"));
  EXPECT_EQ(left.current()->hook, "functions");
  EXPECT_EQ(left.current()->programs.size(), 1u);
  EXPECT_FALSE(left.Refuse("uring", "gone already"));
  EXPECT_TRUE(left.Refuse("open", "not permitted"));
  ASSERT_NE(left.current(), nullptr);
  EXPECT_EQ(left.current()->hook, "calls");
  EXPECT_EQ(left.current()->programs.size(), 2u);
  EXPECT_EQ(left.why(), "without uring: too long; not permitted");
  left.Reject("silent");
  EXPECT_EQ(left.current(), nullptr);
  EXPECT_FALSE(left.Refuse("open", "nothing is left"));
}

TEST(Candidates, TriesBeforeAllAreLoaded) {
  const struct {
    std::set<std::string> refused;
    std::string hook;
    std::size_t programs;
    std::string why;
  } cases[] = {
      {{"uring"}, "functions", 1, "without uring: no uring"},
      {{"open"}, "calls", 2, "no open"},
      {{"open", "uring"}, "calls", 1, "no open; without uring: no uring"},
      {{"open", "open_exit"}, "", 0, "no open; no open_exit"},
  };
  for (const auto& c : cases) {
    const Candidates left(EVENT_OPEN, TwoRows(), Refusing(c.refused));
    EXPECT_EQ(left.why(), c.why);
    EXPECT_EQ(left.current() != nullptr, c.programs > 0) << c.why;
    if (left.current() == nullptr) continue;
    EXPECT_EQ(left.current()->hook, c.hook);
    EXPECT_EQ(left.current()->programs.size(), c.programs);
  }
}

// i386's calls are missed without the program for them, and the other kind sees all.
TEST(Candidates, ARowThatSeesAllComesBeforeDoingWithout) {
  const std::vector<SensorRow> rows = {
      {EVENT_SETUID,
       SensorKind::kObject,
       "functions",
       {Program("setuid_x64"), Program("setuid_ia32", kOptional)}},
      {EVENT_SETUID, SensorKind::kTracepoint, "calls", {Program("setuid")}}};
  Candidates left(EVENT_SETUID, rows, Refusing({}));
  EXPECT_TRUE(left.Refuse("setuid_ia32", "the verifier"));
  ASSERT_NE(left.current(), nullptr);
  EXPECT_EQ(left.current()->hook, "calls");
  EXPECT_EQ(left.why(), "the verifier");
  const Candidates tried(EVENT_SETUID, rows, Refusing({"setuid_ia32"}));
  ASSERT_NE(tried.current(), nullptr);
  EXPECT_EQ(tried.current()->hook, "calls");
  // Asked for the object kind alone, the most that can be had.
  Candidates only(EVENT_SETUID, {rows[0]}, Refusing({}));
  EXPECT_TRUE(only.Refuse("setuid_ia32", "the verifier"));
  ASSERT_NE(only.current(), nullptr);
  EXPECT_EQ(only.current()->programs.size(), 1u);
  EXPECT_EQ(only.why(), "without setuid_ia32: the verifier");
}

// A row of which nothing is left sees nothing.
TEST(Candidates, TheLastProgramIsNotOptional) {
  const std::vector<SensorRow> rows = {
      {EVENT_MODULE, SensorKind::kObject, "only", {Program("a", kOptional)}}};
  EXPECT_EQ(Candidates(EVENT_MODULE, rows, Refusing({"a"})).current(), nullptr);
  Candidates left(EVENT_MODULE, rows, Refusing({}));
  EXPECT_TRUE(left.Refuse("a", "refused"));
  EXPECT_EQ(left.current(), nullptr);
}

TEST(Candidates, LeftOut) {
  Candidates left(EVENT_OPEN, TwoRows(), Refusing({}));
  left.LeaveOut();
  EXPECT_EQ(left.current(), nullptr);
  EXPECT_EQ(left.why(), "not asked for");
}

}  // namespace
}  // namespace nezuban::probe
