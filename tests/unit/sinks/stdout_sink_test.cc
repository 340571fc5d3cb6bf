// SPDX-License-Identifier: Apache-2.0
#include "sinks/stdout_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "base/unique_fd.h"

namespace nezuban::sinks {
namespace {

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
};

std::shared_ptr<const alert::Alert> PublishedAs(const std::string& rule) {
  alert::Alert alert;
  alert.rule = rule;
  alert.priority = alert::Priority::kWarning;
  alert.message = rule;
  return std::make_shared<const alert::Alert>(std::move(alert));
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[65536];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

TEST(StdoutSink, WritesOneLinePerAlertInOrder) {
  Pipe pipe;
  {
    StdoutSink sink(pipe.write.get(), LineFormat::kText);
    sink.Publish(PublishedAs("first"));
    sink.Publish(PublishedAs("second"));
  }
  pipe.write.reset();
  const std::string text = ReadAll(pipe.read.get());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_LT(text.find("first"), text.find("second"));
}

TEST(StdoutSink, JsonLinesAreObjects) {
  Pipe pipe;
  {
    StdoutSink sink(pipe.write.get(), LineFormat::kJson);
    sink.Publish(PublishedAs("a \"quoted\"\nname"));
  }
  pipe.write.reset();
  const std::string text = ReadAll(pipe.read.get());
  EXPECT_EQ(text.front(), '{');
  EXPECT_EQ(text.substr(text.size() - 2), "}\n");
  EXPECT_NE(text.find("a \\\"quoted\\\"\\nname"), std::string::npos) << text;
}

TEST(StdoutSink, AReaderThatReadsNothingCostsAlertsNotTime) {
  Pipe pipe;
  ASSERT_GE(::fcntl(pipe.write.get(), F_SETPIPE_SZ, 4096), 4096);
  const auto started = std::chrono::steady_clock::now();
  constexpr std::uint64_t kAlerts = 1009;
  std::uint64_t dropped = 0;
  {
    StdoutSink sink(pipe.write.get(), LineFormat::kText, 16);
    for (std::uint64_t i = 0; i < kAlerts; ++i) sink.Publish(PublishedAs(std::string(200, 'x')));
    dropped = sink.dropped();
  }
  // The bound is the drain time of the destructor and room for a loaded machine, not a speed.
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
  EXPECT_GE(dropped, kAlerts - 16 - 4096 / 200 - 2);
}

TEST(StdoutSink, AStoppedTerminalHoldsNobodyUp) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd screen(master);
  const UniqueFd terminal(slave);
  const auto started = std::chrono::steady_clock::now();
  {
    StdoutSink sink(terminal.get(), LineFormat::kText);
    for (int i = 0; i < 101; ++i) sink.Publish(PublishedAs(std::string(2000, 'x')));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
  EXPECT_EQ(::fcntl(terminal.get(), F_GETFL) & O_NONBLOCK, 0);  // others may use it too
}

TEST(CanWrite, OnlyToWhatIsOpenForWriting) {
  Pipe pipe;
  EXPECT_TRUE(CanWrite(pipe.write.get()));
  EXPECT_FALSE(CanWrite(pipe.read.get()));
  EXPECT_TRUE(CanWrite(UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)).get()));
  EXPECT_FALSE(CanWrite(UniqueFd(::open("/", O_PATH | O_CLOEXEC)).get()));
  const int closed = ::dup(pipe.write.get());
  ::close(closed);
  EXPECT_FALSE(CanWrite(closed));
}

TEST(StdoutSink, AReaderThatIsGoneIsCounted) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.read.reset();
  StdoutSink sink(pipe.write.get(), LineFormat::kText);
  sink.Publish(PublishedAs("lost"));
  for (int i = 0; i < 1000 && sink.dropped() == 0; ++i) ::usleep(10000);
  EXPECT_EQ(sink.dropped(), 1u);
}

}  // namespace
}  // namespace nezuban::sinks
