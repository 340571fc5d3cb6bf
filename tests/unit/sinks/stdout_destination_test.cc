// SPDX-License-Identifier: Apache-2.0
#include "sinks/stdout_destination.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/text.h"
#include "outgoing.h"

namespace nezuban::sinks {
namespace {

using Outcome = SendResult::Outcome;
constexpr std::chrono::milliseconds kShort{50};

class StdoutDestinationTest : public testing::Test {
 protected:
  StdoutDestinationTest() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    read_.reset(fds[0]);
    write_.reset(fds[1]);
    EXPECT_GT(::fcntl(fds[1], F_SETPIPE_SZ, 4096), 0);
    ::fcntl(fds[1], F_SETFL, 0);  // as standard output is: writing waits
  }
  std::string ReadAll() const {
    std::string all;
    char buffer[65536];
    for (ssize_t n; (n = ::read(read_.get(), buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }

  UniqueFd read_, write_;
};

// Nobody reads for a while: what was begun is ended, and nothing comes twice or is left out.
TEST_F(StdoutDestinationTest, ASlowReaderGetsEveryLineWholeAndOnce) {
  StdoutDestination sink(write_.get(), BodyFormat::kNezuban, kShort, {});
  std::vector<Outgoing> pending;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    pending.push_back(Named("rule" + std::to_string(i) + std::string(900, 'x'), i));
  }
  pending.push_back(GapOf(3, 21));
  std::string text;
  int retries = 0;
  for (std::size_t from = 0; from < pending.size(); ++retries) {
    ASSERT_LT(retries, 200);
    const SendResult result = sink.Send(std::span<const Outgoing>(pending).subspan(from));
    EXPECT_EQ(result.outcome == Outcome::kTaken, result.problem.empty());
    from += result.taken;
    text += ReadAll();
  }
  EXPECT_GT(retries, 5);
  const std::vector<std::string_view> lines = Split(text, '\n');
  ASSERT_EQ(lines.size(), 22u);  // nothing behind the last
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_TRUE(lines[i].starts_with("{") && lines[i].ends_with("}"));
    EXPECT_NE(lines[i].find("\"rule\":\"rule" + std::to_string(i + 1) + "x"), std::string::npos);
  }
  EXPECT_NE(lines[20].find("\"gap\""), std::string::npos);
}

TEST_F(StdoutDestinationTest, AReaderThatIsGoneIsTold) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // as the monitor does
  read_.reset();
  StdoutDestination sink(write_.get(), BodyFormat::kOcsf, kShort, {});
  const SendResult result = sink.Send(std::vector<Outgoing>{Named("a")});
  EXPECT_EQ(result.outcome, Outcome::kRetry);
  EXPECT_EQ(result.taken, 0u);
  EXPECT_EQ(result.problem, "write standard output: Broken pipe");
  std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace nezuban::sinks
