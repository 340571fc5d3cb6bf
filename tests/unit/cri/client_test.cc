// SPDX-License-Identifier: Apache-2.0
// The client and a runtime that behaves as it is told.
#include "cri/client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cri/runtime/v1/api.grpc.pb.h"
#include "testlib/temp_dir.h"

namespace nezuban::cri {
namespace {

namespace v1 = ::runtime::v1;
using state::Container;
using state::MetadataState;
using std::chrono::milliseconds;

enum class Mood {
  kKnows,
  kKnowsNothing,
  kSilent,
  kRefuses,
  kWrongOne,
  kGiant,
  kOnlySandbox,
  kNoSandbox
};

class FakeRuntime final : public v1::RuntimeService::Service {
 public:
  explicit FakeRuntime(const std::string& path) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix://" + path, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeRuntime() override {
    mood = Mood::kKnows;
    server_->Shutdown(std::chrono::system_clock::now());
  }

  grpc::Status ContainerStatus(grpc::ServerContext* context,
                               const v1::ContainerStatusRequest* request,
                               v1::ContainerStatusResponse* response) override {
    ++asked;
    while (mood == Mood::kSilent && !context->IsCancelled()) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    if (mood == Mood::kRefuses) return {grpc::StatusCode::INTERNAL, "no"};
    if (mood == Mood::kKnowsNothing || mood == Mood::kOnlySandbox) {
      return {grpc::StatusCode::NOT_FOUND, "an error occurred"};
    }
    response->mutable_status()->set_id(mood == Mood::kWrongOne ? "x" : request->container_id());
    response->mutable_status()->mutable_metadata()->set_name("web");
    if (mood == Mood::kGiant) {
      (*response->mutable_info())["info"] = std::string(std::size_t{5} << 20, ' ');
    } else {
      (*response->mutable_info())["info"] = R"({"sandboxID":"box"})";
    }
    return grpc::Status::OK;
  }

  grpc::Status PodSandboxStatus(grpc::ServerContext*, const v1::PodSandboxStatusRequest* request,
                                v1::PodSandboxStatusResponse* response) override {
    if (mood == Mood::kKnowsNothing || mood == Mood::kNoSandbox ||
        (mood != Mood::kOnlySandbox && request->pod_sandbox_id() != "box")) {
      return {grpc::StatusCode::NOT_FOUND, "an error occurred"};
    }
    response->mutable_status()->set_id(request->pod_sandbox_id());
    response->mutable_status()->mutable_metadata()->set_name("web-0");
    response->mutable_status()->mutable_metadata()->set_namespace_("shop");
    return grpc::Status::OK;
  }

  // Tells of each id in `events`, once, to whoever listens.
  grpc::Status GetContainerEvents(grpc::ServerContext* context, const v1::GetEventsRequest*,
                                  grpc::ServerWriter<v1::ContainerEventResponse>* writer) override {
    ++listened;
    if (!has_events) return {grpc::StatusCode::UNIMPLEMENTED, "no such method"};
    while (!context->IsCancelled()) {
      std::this_thread::sleep_for(milliseconds(1));
      v1::ContainerEventResponse event;
      {
        const std::lock_guard lock(mutex_);
        if (events_.empty()) continue;
        event.set_container_id(events_.front());
        events_.pop_front();
      }
      writer->Write(event);
    }
    return grpc::Status::OK;
  }

  void Tell(const std::string& id) {
    const std::lock_guard lock(mutex_);
    events_.push_back(id);
  }

  std::atomic<bool> has_events = false;
  std::atomic<int> listened = 0;
  std::atomic<Mood> mood = Mood::kKnows;
  std::atomic<int> asked = 0;

 private:
  std::mutex mutex_;
  std::deque<std::string> events_;
  std::unique_ptr<grpc::Server> server_;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    socket_ = root_ + "/socket";
    std::filesystem::create_directories(root_ + "/run/containerd");
  }
  ~ClientTest() override { client_.reset(); }

  void Start(const std::string& socket) {
    client_ = std::make_unique<Client>(ClientOptions{.socket = socket, .host_root = root_});
  }

  static Container Box(char digit, const std::string& runtime = "containerd") {
    return {.full_id = std::string(64, digit), .runtime = runtime, .cgroup_id = 50u + digit};
  }

  void WriteBundle(char digit, const std::string& ns, const std::string& annotations) {
    const std::string directory = root_ + "/run/containerd/io.containerd.runtime.v2.task/" + ns +
                                  "/" + std::string(64, digit);
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/config.json") << "{\"annotations\":{" << annotations << "}}";
  }

  // The next thing told.
  Container Told() {
    WaitUntil([this] { return !told_.empty(); });
    if (told_.empty()) return {};
    Container first = std::move(told_.front());
    told_.erase(told_.begin());
    return first;
  }

  void WaitUntil(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      client_->Drain([this](Container&& c) { told_.push_back(std::move(c)); });
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  const testlib::TempDir directory_;
  const std::string& root_ = directory_.path();
  std::string socket_;
  std::unique_ptr<Client> client_;
  std::vector<Container> told_;
};

void ExpectWeb(const Container& container) {
  EXPECT_EQ(container.metadata.state, MetadataState::kComplete);
  EXPECT_EQ(container.metadata.name, "web");
  EXPECT_EQ(container.metadata.pod.name, "web-0");
  EXPECT_EQ(container.metadata.pod.ns, "shop");
}

TEST_F(ClientTest, AsksForContainerAndPod) {
  const FakeRuntime runtime(socket_);
  Start(socket_);
  EXPECT_FALSE(client_->busy());
  ASSERT_TRUE(client_->LookUp(Box('a')));
  EXPECT_TRUE(client_->busy());
  const Container told = Told();
  ExpectWeb(told);
  EXPECT_EQ(told.cgroup_id, Box('a').cgroup_id);
  WaitUntil([this] { return !client_->busy(); });
  EXPECT_EQ(client_->counters().lookups, 1u);
  EXPECT_EQ(client_->counters().found, 1u);
  EXPECT_TRUE(client_->counters().reachable);
}

TEST_F(ClientTest, AsksOnlyForWhatARuntimeOfPodsMakes) {
  Start("none");
  EXPECT_FALSE(client_->LookUp(Box('a', "docker")));
  EXPECT_FALSE(client_->LookUp(Box('a', "runc")));
  Container named = Box('a');
  named.full_id = "redis";
  EXPECT_FALSE(client_->LookUp(named));
  EXPECT_EQ(client_->counters().lookups, 0u);
}

TEST_F(ClientTest, ASandboxIsFoundToo) {
  FakeRuntime runtime(socket_);
  runtime.mood = Mood::kOnlySandbox;
  Start(socket_);
  client_->LookUp(Box('a'));
  const Container told = Told();
  EXPECT_EQ(told.metadata.state, MetadataState::kComplete);
  EXPECT_EQ(told.metadata.name, "");
  EXPECT_EQ(told.metadata.pod.name, "web-0");
}

TEST_F(ClientTest, ListensWhereTheRuntimeTellsUnasked) {
  FakeRuntime runtime(socket_);
  runtime.has_events = true;
  Start(socket_);
  client_->LookUp(Box('a'));
  ExpectWeb(Told());
  WaitUntil([&] { return runtime.listened == 1; });
  runtime.mood = Mood::kKnowsNothing;
  client_->LookUp(Box('b'));
  WaitUntil([&] { return runtime.asked >= 8; });
  runtime.mood = Mood::kKnows;
  runtime.Tell("nonsense");
  runtime.Tell(std::string(64, 'b'));
  ExpectWeb(Told());
  WaitUntil([&] { return client_->counters().events == 2; });
  EXPECT_EQ(runtime.listened, 1);
}

TEST_F(ClientTest, DoesNotListenAgainWhereThereIsNothingToHear) {
  FakeRuntime runtime(socket_);
  Start(socket_);
  for (const char digit : {'a', 'b', 'c'}) {
    client_->LookUp(Box(digit));
    ExpectWeb(Told());
    if (digit == 'a') WaitUntil([&] { return runtime.listened == 1; });
    std::this_thread::sleep_for(milliseconds(600));
  }
  EXPECT_EQ(runtime.listened, 1);
}

TEST_F(ClientTest, NotFoundIsNotTheLastWord) {
  FakeRuntime runtime(socket_);
  runtime.mood = Mood::kKnowsNothing;
  Start(socket_);
  client_->LookUp(Box('a'));
  WaitUntil([&] { return runtime.asked >= 3; });
  runtime.mood = Mood::kKnows;
  ExpectWeb(Told());
}

TEST_F(ClientTest, ComesBackFromWhateverTheRuntimeDoes) {
  FakeRuntime runtime(socket_);
  Start(socket_);
  char digit = 'a';
  for (const Mood mood : {Mood::kRefuses, Mood::kWrongOne, Mood::kGiant, Mood::kSilent}) {
    const std::uint64_t failed = client_->counters().failed;
    runtime.mood = mood;
    client_->LookUp(Box(digit));
    WaitUntil([&] { return client_->counters().failed > failed; });
    EXPECT_EQ(client_->counters().pending, 1u) << "nothing was believed";
    runtime.mood = Mood::kKnows;
    const Container told = Told();
    ExpectWeb(told);
    EXPECT_EQ(told.full_id[0], digit++);
  }
}

TEST_F(ClientTest, AnErrorAboutOneContainerIsNoOutage) {
  FakeRuntime runtime(socket_);
  Start(socket_);
  client_->LookUp(Box('a'));
  ExpectWeb(Told());
  char digit = 'b';
  for (const Mood mood : {Mood::kRefuses, Mood::kWrongOne, Mood::kGiant, Mood::kNoSandbox}) {
    runtime.mood = mood;
    const int asked = runtime.asked;
    client_->LookUp(Box(digit++));
    WaitUntil([&] { return runtime.asked >= asked + 3; });
    EXPECT_TRUE(client_->counters().reachable);
  }
  EXPECT_GE(client_->counters().failed, 8u);
}

// Nobody answers, and there is nobody left to ask for.
TEST_F(ClientTest, AContainerWhoseCgroupIsGoneIsGivenUp) {
  std::filesystem::create_directories(root_ + "/cgroup/a");
  struct stat info {};
  ASSERT_EQ(::stat((root_ + "/cgroup/a").c_str(), &info), 0);
  Container box = Box('a');
  box.cgroup_path = "/a";
  box.cgroup_id = info.st_ino;
  client_ = std::make_unique<Client>(ClientOptions{.socket = socket_,
                                                   .host_root = root_,
                                                   .cgroup_root = root_ + "/cgroup",
                                                   .gone_life = milliseconds(20)});
  client_->LookUp(box);
  client_->LookUp(Box('b'));
  WaitUntil([this] { return client_->counters().failed >= 2; });
  EXPECT_EQ(client_->counters().pending, 2u);
  std::filesystem::remove(root_ + "/cgroup/a");
  const Container told = Told();
  EXPECT_EQ(told.full_id, box.full_id);
  EXPECT_EQ(told.metadata.state, MetadataState::kNone);
  WaitUntil([this] { return client_->counters().pending == 1; });
}

TEST_F(ClientTest, FindsARuntimeThatStartsLaterAndOneThatStartsAgain) {
  Start("auto");
  client_->LookUp(Box('a'));
  const Container none = Told();
  EXPECT_EQ(none.metadata.state, MetadataState::kNone) << "nobody can be asked";
  for (const char digit : {'a', 'b'}) {
    const FakeRuntime runtime(root_ + "/run/containerd/containerd.sock");
    if (digit == 'b') client_->LookUp(Box('b'));
    const Container told = Told();
    ExpectWeb(told);
    EXPECT_EQ(told.full_id[0], digit);
  }
}

TEST_F(ClientTest, TheBundleTellsBeforeTheRuntimeDoes) {
  WriteBundle('a', "k8s.io",
              R"("io.kubernetes.cri.sandbox-name":"early","io.kubernetes.cri.image-name":"i:1")");
  FakeRuntime runtime(socket_);
  runtime.mood = Mood::kSilent;
  Start(socket_);
  client_->LookUp(Box('a'));
  const Container early = Told();
  EXPECT_EQ(early.metadata.state, MetadataState::kPending);
  EXPECT_EQ(early.metadata.pod.name, "early");
  EXPECT_EQ(early.metadata.image, "i:1");
  runtime.mood = Mood::kKnows;
  ExpectWeb(Told());
}

TEST_F(ClientTest, ABundleThatIsNoPodsEndsTheSearch) {
  WriteBundle('a', "default", "");
  FakeRuntime runtime(socket_);
  Start(socket_);
  client_->LookUp(Box('a'));
  EXPECT_EQ(Told().metadata.state, MetadataState::kNone);
  EXPECT_EQ(client_->counters().unknown, 1u);
  EXPECT_EQ(runtime.asked, 0);
}

// It is being written, or it is larger than it may be: it does not say whose it is.
TEST_F(ClientTest, ABundleThatCannotBeReadIsAskedFor) {
  WriteBundle('a', "k8s.io", R"("io.kubernetes.cri.sandbox-name":)");
  const FakeRuntime runtime(socket_);
  Start(socket_);
  client_->LookUp(Box('a'));
  ExpectWeb(Told());
}

TEST_F(ClientTest, EndsWhileARuntimeIsSilent) {
  FakeRuntime runtime(socket_);
  runtime.mood = Mood::kSilent;
  Start(socket_);
  for (char digit = 'a'; digit <= 'f'; ++digit) client_->LookUp(Box(digit));
  WaitUntil([&] { return runtime.asked > 0; });
  const auto begun = std::chrono::steady_clock::now();
  client_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(900))
      << "no call was waited for";
}

}  // namespace
}  // namespace nezuban::cri
