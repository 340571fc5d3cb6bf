// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testlib/temp_dir.h"
#include "unit/sinks/http_peer.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

using testing::HasSubstr;
using testing::Not;

SendResult SendTo(std::uint16_t port, const std::string& token_file = {}) {
  SinkOptions options;
  options.timeout = std::chrono::milliseconds(5000);
  options.webhook.url =
      "http://user:pa55word@127.0.0.1:" + std::to_string(port) + "/services/T0KEN?key=k3y";
  options.webhook.token_file = token_file;
  WebhookSink sink(options, {"node-1", "", "", "1"});
  return sink.Send(std::vector{Named("rule")});
}

std::string Answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

TEST(WebhookSink, ALongAnswerIsAnAnswer) {
  const HttpPeer peer(Answer("200 OK", std::string(200'000, 'x')));
  const SendResult result = SendTo(peer.port());
  EXPECT_EQ(result.outcome, SendResult::Outcome::kTaken) << result.problem;
  EXPECT_EQ(result.taken, 1u);
}

TEST(WebhookSink, ProblemsTellNoSecrets) {
  for (const char* status : {"400 Bad", "500 Broken"}) {
    const HttpPeer peer(Answer(status, "you sent: s3cret"));
    const std::string number = std::string(status).substr(0, 3);
    EXPECT_EQ(SendTo(peer.port()).problem,
              "http://127.0.0.1:" + std::to_string(peer.port()) + ": status " + number);
  }
  const std::string problem = SendTo(1).problem;
  EXPECT_THAT(problem, HasSubstr("http://127.0.0.1:1: "));
  for (const char* secret : {"user", "pa55word", "T0KEN", "k3y"}) {
    EXPECT_THAT(problem, Not(HasSubstr(secret)));
  }
}

TEST(WebhookSink, ATokenThatCannotBeReadIsTriedAgain) {
  const testlib::TempDir directory;
  const std::string token = directory / "token";
  const HttpPeer peer(Answer("200 OK", ""));
  EXPECT_EQ(SendTo(peer.port(), directory / "").problem,
            "token_file: read " + directory / "" + ": Is a directory");
  std::ofstream(token) << "two\nlines\n";
  EXPECT_EQ(SendTo(peer.port(), token).problem, "token_file: no token in " + token);
  std::ofstream(token) << "one\n";
  EXPECT_EQ(SendTo(peer.port(), token).outcome, SendResult::Outcome::kTaken);
  std::ofstream(token) << std::string(100'000, 'x');
  EXPECT_EQ(SendTo(peer.port(), token).outcome, SendResult::Outcome::kRetry) << "no token";
}

}  // namespace
}  // namespace nezuban::sinks
