// SPDX-License-Identifier: Apache-2.0
#include "sinks/otlp_sink.h"

#include <gtest/gtest.h>

#include "testlib/temp_dir.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

// Where nobody listens.
SinkOptions Nowhere() {
  SinkOptions options;
  options.timeout = std::chrono::milliseconds(2000);
  options.otlp.address = "127.0.0.1:1";
  options.otlp.plaintext = true;
  return options;
}

TEST(OtlpSink, ACertificateThatCannotBeReadIsTriedAgain) {
  const testlib::TempDir directory;
  SinkOptions options = Nowhere();
  options.otlp.plaintext = false;
  options.otlp.tls.ca = directory / "";
  const auto sink = *OpenOtlp(options, {});
  const SendResult result = sink->Send(std::vector{Named("rule")});
  EXPECT_EQ(result.outcome, SendResult::Outcome::kRetry);
  EXPECT_EQ(result.problem, "read " + directory / "" + ": Is a directory");
}

// Collectors take 4 MiB; a request above that would be turned away for ever.
TEST(OtlpSink, WhatNoCollectorTakesIsRefused) {
  const auto sink = *OpenOtlp(Nowhere(), {});
  Outgoing large = Named("rule");
  std::get<alert::Alert>(large.what).message = std::string(std::size_t{4} << 20, 'x');
  const SendResult result = sink->Send(std::vector{large});
  EXPECT_EQ(result.outcome, SendResult::Outcome::kRefused) << result.problem;
}

}  // namespace
}  // namespace nezuban::sinks
