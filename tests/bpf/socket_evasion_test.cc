// SPDX-License-Identifier: Apache-2.0
// What another thread changes while a call runs does not disguise what the call did.
#include <pthread.h>

#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

constexpr int kConnects = 23;
constexpr int kShared = 100;  // the descriptor that is fought over

// In the child: runs `disturb` all the time beside `act`.
class Disturber {
 public:
  explicit Disturber(std::function<void()> disturb) : disturb_(std::move(disturb)) {
    REQUIRE_OK(::pthread_create(&thread_, nullptr, Spin, this) == 0);
  }
  ~Disturber() {
    stop_ = true;
    ::pthread_join(thread_, nullptr);
  }

 private:
  static void* Spin(void* self) {
    auto* disturber = static_cast<Disturber*>(self);
    while (!disturber->stop_) disturber->disturb_();
    return nullptr;
  }
  std::function<void()> disturb_;
  std::atomic<bool> stop_ = false;
  pthread_t thread_{};
};

// What really came about, by the local port of each socket that is connected.
struct Truth {
  std::uint16_t local[kConnects];
  std::uint16_t remote[kConnects];
  std::atomic<int> count;

  void Note(int fd) {
    Address peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, &peer.any, &size) != 0) return;
    const int i = count++;
    local[i] = LocalPort(fd);
    remote[i] = ntohs(peer.v4.sin_port);
  }
};

class EvasionTest : public SocketTest {
 protected:
  // Until it connects the new socket, for which the disturber has to have run: where CPUs are few
  // or busy, a thousand attempts fit between two of its turns. Each of them makes a record, and so
  // many of those would be a flood.
  static void KeepTrying(const std::function<long()>& connect) {
    for (int attempt = 0; attempt < 1000 && connect() != 0; ++attempt) ::usleep(1000);
  }

  // Each connection there was has its record, and with the end it really had.
  void ExpectTruth(const std::vector<Connect>& connects) {
    EXPECT_GT(truth_->count, 0);
    for (int i = 0; i < truth_->count; ++i) {
      const auto found = std::find_if(connects.begin(), connects.end(), [&](const Connect& one) {
        // The kernel may give the decoy's local port again, to who goes elsewhere.
        return one->ends.local_port == truth_->local[i] &&
               one->ends.remote_port == truth_->remote[i] && one->result == 0;
      });
      ASSERT_NE(found, connects.end()) << "no record of connection " << i;
      EXPECT_EQ(Text((*found)->ends.remote_addr, AF_INET), "127.0.0.1");
    }
  }

  // Connects new sockets as descriptor kShared while it is replaced by one that is connected
  // elsewhere.
  std::vector<Connect> ConnectWhileReplaced(const std::function<long(const Address&)>& connect) {
    return Run<connect_record>(EVENT_CONNECT, [&] {
      const Address to = Make("127.0.0.1", good_.port());
      const Address elsewhere = Make("127.0.0.1", decoy_.port());
      const int decoy = Socket(AF_INET, SOCK_STREAM);
      REQUIRE_OK(::connect(decoy, &elsewhere.any, sizeof to.v4) == 0);
      std::atomic<int> fresh = -1;
      Disturber disturber([&] {
        ::dup2(decoy, kShared);
        if (fresh >= 0) ::dup2(fresh, kShared);
      });
      for (int i = 0; i < kConnects; ++i) {
        const int fd = Socket(AF_INET, SOCK_STREAM);
        fresh = fd;
        KeepTrying([&] { return connect(to); });
        truth_->Note(fd);
      }
    });
  }

  Listener good_;
  Listener decoy_;
  Shared<Truth> truth_;
};

TEST_F(EvasionTest, AddressRewritten) {
  const auto connects = Run<connect_record>(EVENT_CONNECT, [&] {
    Address to = Make("127.0.0.1", good_.port());
    const in_port_t ports[] = {htons(good_.port()), htons(decoy_.port())};
    Disturber disturber([&] {
      for (const in_port_t port : ports) std::atomic_ref(to.v4.sin_port).store(port);
    });
    for (int i = 0; i < kConnects; ++i) {
      const int fd = Socket(AF_INET, SOCK_STREAM);
      REQUIRE_OK(::connect(fd, &to.any, sizeof to.v4) == 0);
      truth_->Note(fd);
    }
  });
  EXPECT_EQ(connects.size(), static_cast<std::size_t>(kConnects));
  EXPECT_EQ(truth_->count, kConnects);
  ExpectTruth(connects);
}

TEST_F(EvasionTest, DescriptorReplaced) {
  ExpectTruth(ConnectWhileReplaced(
      [](const Address& to) { return ::connect(kShared, &to.any, sizeof to.v4); }));
}

#if defined(__x86_64__)
TEST_F(EvasionTest, ArgumentsOfSocketcallRewritten) {
  const auto connects = Run<connect_record>(EVENT_CONNECT, [&] {
    LowMemory memory;
    const Address to = Make("127.0.0.1", good_.port());
    const Address elsewhere = Make("127.0.0.1", decoy_.port());
    const int decoy = Socket(AF_INET, SOCK_STREAM);
    REQUIRE_OK(::connect(decoy, &elsewhere.any, sizeof to.v4) == 0);
    const std::uint32_t words[] = {static_cast<std::uint32_t>(decoy), memory.Put(&to, sizeof to.v4),
                                   sizeof to.v4};
    const std::uint32_t args = memory.Put(words, sizeof words);
    auto* shared_fd = reinterpret_cast<std::uint32_t*>(static_cast<std::uintptr_t>(args));
    std::atomic<std::uint32_t> fresh = words[0];
    Disturber disturber([&] {
      std::atomic_ref(*shared_fd).store(words[0]);
      std::atomic_ref(*shared_fd).store(fresh);
    });
    for (int i = 0; i < kConnects; ++i) {
      const int fd = Socket(AF_INET, SOCK_STREAM);
      fresh = static_cast<std::uint32_t>(fd);
      KeepTrying([&] { return Int80(102, 3, args); });
      truth_->Note(fd);
    }
  });
  ExpectTruth(connects);
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
