// SPDX-License-Identifier: Apache-2.0
#include "cri/runtime.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "cri/answers.h"
#include "cri/runtime/v1/api.grpc.pb.h"

namespace nezuban::cri {
namespace {

namespace v1 = ::runtime::v1;

std::shared_ptr<grpc::Channel> Connect(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A connection of its own: one that was given up must not live on in a pool of gRPC's.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Servers in Go refuse the path that would stand here otherwise.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  return grpc::CreateCustomChannel("unix://" + path, grpc::InsecureChannelCredentials(), arguments);
}

// Anything else is about the one that was asked for.
constexpr std::pair<grpc::StatusCode, Outcome> kOutcomes[] = {
    {grpc::StatusCode::OK, Outcome::kFound},
    {grpc::StatusCode::NOT_FOUND, Outcome::kNotFound},
    {grpc::StatusCode::UNAVAILABLE, Outcome::kUnreachable},
    {grpc::StatusCode::DEADLINE_EXCEEDED, Outcome::kUnreachable},
    // containerd with its CRI plugin turned off, as Docker sets it up: another may be there.
    {grpc::StatusCode::UNIMPLEMENTED, Outcome::kUnreachable},
};

Outcome OutcomeOf(const grpc::Status& status) {
  for (const auto& [code, outcome] : kOutcomes) {
    if (code == status.error_code()) return outcome;
  }
  return Outcome::kFailed;
}

}  // namespace

// The calls under way: cancelled and waited for at the end. A context owns the connection too, and
// one that is closed by gRPC's own thread has that thread wait for itself: so a callback ends its
// context before it says that it is done.
class Runtime::Calls {
 public:
  explicit Calls(const std::string& path) : stub_(v1::RuntimeService::NewStub(Connect(path))) {}

  template <typename Request, typename Response>
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
  };

  // Calls `method` and then `done` with its call and status.
  template <typename Request, typename Response, typename Method, typename Done>
  void Start(Request request, Method method, Done done) {
    auto call = std::make_shared<Call<Request, Response>>();
    call->request = std::move(request);
    call->context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    {
      const std::lock_guard lock(mutex_);
      contexts_.push_back(&call->context);
      ++under_way_;
      if (ended_) call->context.TryCancel();
    }
    method(*stub_->async(), &call->context, &call->request, &call->response,
           [this, call, done = std::move(done)](const grpc::Status& status) mutable {
             done(call->response, status);
             {
               const std::lock_guard lock(mutex_);
               std::erase(contexts_, &call->context);  // nobody may cancel it from here on
             }
             call.reset();
             const std::lock_guard lock(mutex_);
             --under_way_;
             idle_.notify_all();
           });
  }

  void End() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    for (grpc::ClientContext* context : contexts_) context->TryCancel();
    idle_.wait(lock, [this] { return under_way_ == 0; });
  }

  void AskContainer(const std::string& id, Answer answer, std::function<void(Answer)> done) {
    v1::ContainerStatusRequest request;
    request.set_container_id(id);
    request.set_verbose(true);
    Start<v1::ContainerStatusRequest, v1::ContainerStatusResponse>(
        std::move(request),
        [](auto& stub, auto... arguments) { stub.ContainerStatus(arguments...); },
        [this, id, answer = std::move(answer), done = std::move(done)](
            const v1::ContainerStatusResponse& response, const grpc::Status& status) mutable {
          // It may be a pod's sandbox. One that says nothing of what it was asked is no answer.
          if (status.error_code() == grpc::StatusCode::NOT_FOUND)
            return AskSandbox(id, false, std::move(answer), std::move(done));
          answer.outcome = OutcomeOf(status);
          if (status.ok() && response.status().id() != id) answer.outcome = Outcome::kFailed;
          answer.error = status.ok() ? "an answer about something else" : status.error_message();
          if (answer.outcome != Outcome::kFound) return done(std::move(answer));
          Apply(response, answer.metadata);
          const std::string sandbox = answer.metadata.pod.sandbox_id;
          if (!sandbox.empty()) {
            return AskSandbox(sandbox, true, std::move(answer), std::move(done));
          }
          answer.whole = true;
          done(std::move(answer));
        });
  }

  // `found`: the container was; then what is missing of the pod is no reason to say it was not.
  void AskSandbox(const std::string& id, bool found, Answer answer,
                  std::function<void(Answer)> done) {
    v1::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(id);
    request.set_verbose(true);
    Start<v1::PodSandboxStatusRequest, v1::PodSandboxStatusResponse>(
        std::move(request),
        [](auto& stub, auto... arguments) { stub.PodSandboxStatus(arguments...); },
        [found, answer = std::move(answer), done = std::move(done)](
            const v1::PodSandboxStatusResponse& response, const grpc::Status& status) mutable {
          answer.outcome = OutcomeOf(status);
          answer.error = status.error_message();
          answer.whole = status.ok();
          if (status.ok()) Apply(response, answer.metadata);
          if (found && answer.outcome == Outcome::kNotFound) answer.outcome = Outcome::kFailed;
          done(std::move(answer));
        });
  }

  void Listen(std::function<void(const std::string&)> on_event, std::function<void(bool)> on_end) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_ || listening_) return;
      listening_ = true;
      ++under_way_;
    }
    auto* stream = new Stream(*this, std::move(on_event), std::move(on_end));
    stub_->async()->GetContainerEvents(&stream->context, &stream->request, stream);
    {
      const std::lock_guard lock(mutex_);
      contexts_.push_back(&stream->context);
      if (ended_) stream->context.TryCancel();
    }
    stream->Start();
  }

 private:
  // Owns itself until it is done.
  struct Stream final : grpc::ClientReadReactor<v1::ContainerEventResponse> {
    Stream(Calls& calls, std::function<void(const std::string&)> on_event,
           std::function<void(bool)> on_end)
        : calls(calls), on_event(std::move(on_event)), on_end(std::move(on_end)) {}

    void Start() {
      StartRead(&response);
      StartCall();
    }
    void OnReadDone(bool ok) override {
      if (!ok) return;
      on_event(response.container_id());
      StartRead(&response);
    }
    void OnDone(const grpc::Status& status) override {
      on_end(status.error_code() != grpc::StatusCode::UNIMPLEMENTED);
      Calls& owner = calls;
      {
        const std::lock_guard lock(owner.mutex_);
        std::erase(owner.contexts_, &context);
      }
      delete this;
      const std::lock_guard lock(owner.mutex_);
      owner.listening_ = false;
      --owner.under_way_;
      owner.idle_.notify_all();
    }

    Calls& calls;
    const std::function<void(const std::string&)> on_event;
    const std::function<void(bool)> on_end;
    grpc::ClientContext context;
    v1::GetEventsRequest request;
    v1::ContainerEventResponse response;
  };

  const std::unique_ptr<v1::RuntimeService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<grpc::ClientContext*> contexts_;
  int under_way_ = 0;
  bool listening_ = false;
  bool ended_ = false;
};

Runtime::Runtime(std::string socket_path)
    : socket_path_(std::move(socket_path)), calls_(std::make_unique<Calls>(socket_path_)) {}

Runtime::~Runtime() { calls_->End(); }

void Runtime::Ask(const std::string& id, state::ContainerMetadata known,
                  std::function<void(Answer)> done) {
  calls_->AskContainer(id, {.metadata = std::move(known)}, std::move(done));
}

void Runtime::Listen(std::function<void(const std::string&)> on_event,
                     std::function<void(bool)> on_end) {
  calls_->Listen(std::move(on_event), std::move(on_end));
}

void Runtime::AskVersion(std::function<void(std::string)> done) {
  calls_->Start<v1::VersionRequest, v1::VersionResponse>(
      v1::VersionRequest(), [](auto& stub, auto... arguments) { stub.Version(arguments...); },
      [done = std::move(done)](const v1::VersionResponse& response, const grpc::Status& status) {
        if (!status.ok()) return done({});
        done(response.runtime_name() + " " + response.runtime_version());
      });
}

}  // namespace nezuban::cri
