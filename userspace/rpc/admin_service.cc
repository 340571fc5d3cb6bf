// SPDX-License-Identifier: Apache-2.0
#include "rpc/admin_service.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpc/admin_to_proto.h"
#include "rpc/rule_pieces.h"

namespace nezuban::rpc {
namespace {

using grpc::StatusCode;

constexpr std::size_t kMaxWaiting = 8;  // calls
constexpr int kMaxChecks = 4;

grpc::Status TooMany() {
  return {StatusCode::RESOURCE_EXHAUSTED, "too many administrators' calls at once; try again"};
}

grpc::Status Unavailable(const Error& error) { return {StatusCode::UNAVAILABLE, error.message}; }

// A stream of messages that are there when it begins. Owns itself, as gRPC's reactors do; nothing
// ends it before Write or Refuse.
template <typename Response>
class Pages final : public grpc::ServerWriteReactor<Response> {
 public:
  void Write(std::vector<Response> pages) {
    pages_ = std::move(pages);
    Next();
  }
  void Refuse(grpc::Status status) { this->Finish(std::move(status)); }

  void OnWriteDone(bool ok) override {
    if (!ok) return this->Finish({StatusCode::CANCELLED, "the client is gone"});
    Next();
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (at_ == pages_.size()) return this->Finish(grpc::Status::OK);
    this->StartWrite(&pages_[at_++]);
  }

  std::vector<Response> pages_;
  std::size_t at_ = 0;
};

// Puts the pieces of files together. Owns itself.
class Check final : public grpc::ServerReadReactor<v1::CheckRulesRequest> {
 public:
  using Compile = std::function<bool(Check*)>;  // false: no room

  // Counts itself in `open` as long as it lives, if it may call; reads nothing of who is not
  // allowed to call. `compile` is called once all has come.
  Check(std::atomic<int>& open, grpc::Status allowed, Compile compile)
      : open_(open), compile_(std::move(compile)) {
    if (allowed.ok()) {
      counted_ = true;
      if (++open_ > kMaxChecks) allowed = TooMany();
    }
    if (allowed.ok()) {
      StartRead(&piece_);
    } else {
      Finish(std::move(allowed));
    }
  }
  ~Check() override {
    if (counted_) --open_;
  }

  void Refuse(grpc::Status status) { Finish(std::move(status)); }
  void Done() { Finish(grpc::Status::OK); }
  std::vector<RuleFile> TakeFiles() { return pieces_.TakeFiles(); }

  // Not ok: the client has sent all, or is gone.
  void OnReadDone(bool ok) override {
    if (!ok) {
      if (!compile_(this)) Finish(TooMany());
      return;
    }
    if (!pieces_.Add(piece_)) {
      return Finish({StatusCode::INVALID_ARGUMENT, std::string(RulePieces::kExpected)});
    }
    StartRead(&piece_);
  }
  void OnDone() override { delete this; }

 private:
  std::atomic<int>& open_;
  bool counted_ = false;  // who may not call takes nobody's place
  const Compile compile_;
  v1::CheckRulesRequest piece_;
  RulePieces pieces_;
};

}  // namespace

AdminService::AdminService(AdminCalls calls, const AccessRules& access)
    : calls_(std::move(calls)), access_(access), tasks_(kMaxWaiting), worker_([this] { Run(); }) {}

AdminService::~AdminService() {
  tasks_.Close();
  worker_.join();
}

void AdminService::Run() {
  constexpr std::chrono::hours kLong{1};
  while (true) {
    if (const auto task = tasks_.Pop(kLong)) {
      (*task)();
    } else if (tasks_.closed()) {
      return;
    }
  }
}

template <typename Response, typename MakePages>
grpc::ServerWriteReactor<Response>* AdminService::Answer(grpc::CallbackServerContext* context,
                                                         MakePages make_pages) {
  auto* pages = new Pages<Response>();
  grpc::Status allowed = Require(Role::kAdminister, *context, access_);
  if (!allowed.ok()) {
    pages->Refuse(std::move(allowed));
  } else if (!tasks_.TryPush([pages, make_pages] {
               Result<std::vector<Response>> made = make_pages();
               if (!made) return pages->Refuse(Unavailable(made.error()));
               pages->Write(*std::move(made));
             })) {
    pages->Refuse(TooMany());
  }
  return pages;
}

grpc::ServerWriteReactor<v1::ListRulesResponse>* AdminService::ListRules(
    grpc::CallbackServerContext* context, const v1::ListRulesRequest*) {
  using Response = v1::ListRulesResponse;
  return Answer<Response>(context, [this]() -> Result<std::vector<Response>> {
    ASSIGN_OR_RETURN(const auto rules, calls_.list_rules());
    return RulePages(rules);
  });
}

grpc::ServerWriteReactor<v1::ListContainersResponse>* AdminService::ListContainers(
    grpc::CallbackServerContext* context, const v1::ListContainersRequest*) {
  using Response = v1::ListContainersResponse;
  return Answer<Response>(context, [this]() -> Result<std::vector<Response>> {
    ASSIGN_OR_RETURN(const auto containers, calls_.list_containers());
    return ContainerPages(containers);
  });
}

grpc::ServerReadReactor<v1::CheckRulesRequest>* AdminService::CheckRules(
    grpc::CallbackServerContext* context, v1::CheckRulesResponse* response) {
  return new Check(checks_, Require(Role::kAdminister, *context, access_), [=, this](Check* check) {
    return tasks_.TryPush([=, this] {
      if (context->IsCancelled()) return check->Refuse({StatusCode::CANCELLED, "cancelled"});
      ToProto(calls_.check_rules(check->TakeFiles()), *response);
      check->Done();
    });
  });
}

grpc::ServerUnaryReactor* AdminService::ReloadRules(grpc::CallbackServerContext* context,
                                                    const v1::ReloadRulesRequest*,
                                                    v1::ReloadRulesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const grpc::Status allowed = Require(Role::kAdminister, *context, access_);
  if (!allowed.ok()) {
    reactor->Finish(allowed);
  } else if (!tasks_.TryPush([this, reactor, response] {
               const auto reloaded = calls_.reload_rules();
               if (reloaded) ToProto(*reloaded, *response);
               reactor->Finish(reloaded ? grpc::Status::OK : Unavailable(reloaded.error()));
             })) {
    reactor->Finish(TooMany());
  }
  return reactor;
}

}  // namespace nezuban::rpc
