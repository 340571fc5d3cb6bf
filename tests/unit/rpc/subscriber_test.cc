// SPDX-License-Identifier: Apache-2.0
// Subscribers on a transport made here: every thread that calls them is ours, so that a thread
// sanitizer, blind inside Debian's gRPC, sees all of it; and gRPC's rules are checked.
#include "rpc/subscriber.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "rpc/alert_stream.h"
#include "testlib/alert_builder.h"

namespace nezuban::rpc {
namespace {

using testlib::NumberedAlert;

// The server's side of one call, with a thread that completes what was started.
class FakeCall final : public grpc::ServerCallbackWriter<grpc::ByteBuffer> {
 public:
  // `pause` before each write is done; after `writes` of them the peer is gone.
  FakeCall(AlertStream& stream, std::chrono::microseconds pause, int writes)
      : pause_(pause), writes_left_(writes) {
    auto subscriber =
        std::make_shared<Subscriber>(stream, Subscription{}, stream.store().counters().newest);
    reactor_ = subscriber.get();
    BindReactor(reactor_);
    EXPECT_EQ(stream.Add(std::move(subscriber)), AddResult::kAdded);
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeCall() override { thread_.join(); }

  void Write(const grpc::ByteBuffer* message, grpc::WriteOptions) override {
    bytes_ += message->Length();
    Begin(Operation::kWrite);
  }
  void Finish(grpc::Status status) override {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    Begin(Operation::kFinish);
  }
  void WriteAndFinish(const grpc::ByteBuffer*, grpc::WriteOptions, grpc::Status) override {
    ADD_FAILURE() << "not expected";
  }
  void SendInitialMetadata() override { ADD_FAILURE() << "not expected"; }

  // As gRPC does when the peer goes away, on a thread of its own.
  void Cancel() {
    {
      std::lock_guard lock(mutex_);
      if (operation_ == Operation::kFinish || finished_ || cancelling_) return;
      cancelling_ = true;
    }
    reactor_->OnCancel();
    {
      std::lock_guard lock(mutex_);
      cancelling_ = false;
    }
    changed_.notify_all();
  }

  std::size_t bytes() const { return bytes_; }

 private:
  enum class Operation : std::uint8_t { kNone, kWrite, kFinish };

  void Begin(Operation operation) {
    {
      std::lock_guard lock(mutex_);
      EXPECT_EQ(operation_, Operation::kNone) << "two operations at once";
      EXPECT_FALSE(finished_) << "an operation after Finish";
      operation_ = operation;
    }
    changed_.notify_all();
  }

  void Run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        return operation_ == Operation::kWrite ||
               (operation_ == Operation::kFinish && !cancelling_);
      });
      if (operation_ == Operation::kFinish) {
        finished_ = true;
        lock.unlock();
        reactor_->OnDone();  // may destroy it
        return;
      }
      lock.unlock();
      std::this_thread::sleep_for(pause_);
      lock.lock();
      operation_ = Operation::kNone;
      lock.unlock();
      reactor_->OnWriteDone(--writes_left_ > 0);
    }
  }

  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override { ADD_FAILURE() << "not expected"; }

  const std::chrono::microseconds pause_;
  int writes_left_;
  Subscriber* reactor_ = nullptr;
  std::atomic<std::size_t> bytes_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  Operation operation_ = Operation::kNone;
  bool cancelling_ = false;
  bool finished_ = false;
  std::thread thread_;
};

TEST(Subscriber, KeepsGrpcsRulesWhateverHappensAtOnce) {
  StreamOptions options;
  options.queue_alerts = 50;
  options.total_bytes = 20'000;
  const auto store = *store::Store::Open({});
  AlertStream stream(*store, options, [] { return NodeTotals(); });
  std::vector<std::unique_ptr<FakeCall>> calls;
  constexpr int kForever = 1 << 30;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::make_unique<FakeCall>(stream, std::chrono::microseconds(0), kForever));
    calls.push_back(std::make_unique<FakeCall>(stream, std::chrono::microseconds(700), kForever));
    calls.push_back(std::make_unique<FakeCall>(stream, std::chrono::microseconds(50), 7 * i));
  }
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    calls[1]->Cancel();
    calls[3]->Cancel();
    calls[5]->Cancel();
  });
  for (int i = 1; i <= 5000; ++i) {
    store->Publish(NumberedAlert(i, "rule", alert::Priority::kWarning, 100));
    if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  canceller.join();
  store->Close();
  stream.Drain();
  stream.WaitUntilEmpty();
  EXPECT_GT(calls[0]->bytes(), 1000u);
  EXPECT_EQ(stream.counters().subscriber_drops, 0u);  // the store had it all
  calls.clear();
}

TEST(Subscriber, DrainSendsWhatWaits) {
  const auto store = *store::Store::Open({});
  AlertStream stream(*store, {}, [] { return NodeTotals(); });
  FakeCall call(stream, std::chrono::milliseconds(5), 1000);
  for (int i = 1; i <= 1000; ++i) {
    store->Publish(NumberedAlert(i, "rule", alert::Priority::kWarning, 1000));
  }
  store->Close();
  stream.Drain();
  stream.WaitUntilEmpty();
  EXPECT_GT(call.bytes(), 1'000'000u);
  EXPECT_EQ(stream.counters().dropped, 0u);
}

TEST(AlertStream, TakesNobodyWhileItStops) {
  const auto store = *store::Store::Open({});
  AlertStream stream(*store, {}, [] { return NodeTotals(); });
  stream.Drain();
  EXPECT_EQ(stream.Add(std::make_shared<Subscriber>(stream, Subscription{}, 0)),
            AddResult::kStopping);
  stream.WaitUntilEmpty();
}

}  // namespace
}  // namespace nezuban::rpc
