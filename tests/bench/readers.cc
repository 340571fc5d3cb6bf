// SPDX-License-Identifier: Apache-2.0
#include "bench/readers.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "nezuban/v1/alert_service.grpc.pb.h"

namespace nezuban::bench {
namespace {

using std::chrono::milliseconds;

Board* MapBoard(int fd) {
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(memory != MAP_FAILED);
  return static_cast<Board*>(memory);
}

void Count(const v1::SubscribeResponse& message, bool timed, std::uint64_t& last, Board& board,
           ReaderTotals& totals) {
  if (message.has_gap()) totals.lost += std::max<std::uint64_t>(message.gap().count(), 1);
  const std::int64_t now_ns = timed ? WallClockNs() : 0;
  for (const v1::Alert& alert : message.alerts().alerts()) {
    if (alert.cursor() <= last) ++totals.disordered;
    last = alert.cursor();
    if (timed && board.waits < kMaxWaits) {
      const std::int64_t made_ns = alert.time().seconds() * 1'000'000'000 + alert.time().nanos();
      board.wait_us[board.waits++] = (now_ns - made_ns) / 1000;
    }
  }
  totals.alerts += static_cast<std::uint64_t>(message.alerts().alerts_size());
}

void Read(const std::string& socket, bool timed, bool stalled, Board& board, ReaderTotals& totals) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel =
      grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
  const auto stub = v1::AlertService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Subscribe(&context, {});
  v1::SubscribeResponse message;
  if (!stream->Read(&message)) return;
  ++board.subscribed;
  while (stalled && !board.resume) std::this_thread::sleep_for(milliseconds(100));
  std::uint64_t last = 0;
  while (stream->Read(&message)) Count(message, timed, last, board, totals);
}

}  // namespace

Readers::Readers(const std::string& socket, int count, int stalled) {
  CHECK(count <= kMaxReaders);
  const int fd = ::memfd_create("readers", 0);  // the process inherits it
  CHECK(fd >= 0 && ::ftruncate(fd, sizeof(Board)) == 0);
  board_ = new (MapBoard(fd)) Board;
  std::vector<std::string> words = {
      "stream_bench",     "--readers",           socket,
      std::to_string(fd), std::to_string(count), std::to_string(stalled)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  CHECK(::posix_spawn(&process_, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ) ==
        0);
  ::close(fd);
  for (int tenths = 0; board_->subscribed < count; ++tenths) {
    CHECK(tenths < 1200 && ::waitpid(process_, nullptr, WNOHANG) == 0);
    std::this_thread::sleep_for(milliseconds(100));
  }
}

Readers::~Readers() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::munmap(board_, sizeof(Board));
}

double Readers::CpuSeconds() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string word;
  for (int i = 0; i < 11; ++i) fields >> word;  // state is the first; utime the twelfth
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

int RunReaders(int argc, char** argv) {
  CHECK(argc == 6);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // or whoever waits for the bench waits for these, too
  const std::string socket = argv[2];
  Board& board = *MapBoard(std::atoi(argv[3]));
  const int count = std::atoi(argv[4]);
  const int stalled = std::atoi(argv[5]);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      Read(socket, i == 0, i >= count - stalled, board, board.readers[static_cast<std::size_t>(i)]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace nezuban::bench
