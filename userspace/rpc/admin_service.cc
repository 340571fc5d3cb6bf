// SPDX-License-Identifier: Apache-2.0
#include "rpc/admin_service.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpc/admin_to_proto.h"
#include "rpc/call_deadline.h"
#include "rpc/event_stream.h"
#include "rpc/refusal.h"
#include "rpc/rule_pieces.h"

namespace nezuban::rpc {
namespace {

using grpc::StatusCode;

constexpr std::size_t kMaxWaiting = 8;  // calls
constexpr int kMaxChecks = 4;
constexpr int kMaxListings = 8;
// Each keeps what was sent, or what is to be read.
constexpr std::chrono::minutes kLongestCall{1};
constexpr std::chrono::seconds kLongestCompile{10};

// Counts a call for as long as it lives, in what bounds how many there are.
class Place {
 public:
  Place(std::atomic<int>& taken, int most) : taken_(taken), got_(++taken <= most) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool got() const { return got_; }

 private:
  std::atomic<int>& taken_;
  const bool got_;
};

grpc::Status TooMany() {
  return OverQuota("administrators' calls", "too many administrators' calls at once; try again",
                   std::chrono::seconds(1));
}

grpc::Status Unavailable(const Error& error) { return TryLater(error.message); }

// A stream of messages that are there when it begins. Owns itself, as gRPC's reactors do; nothing
// ends it before Write or Refuse.
template <typename Response>
class Pages final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit Pages(grpc::CallbackServerContext& context) : deadline_(context, kLongestCall) {}
  // It takes a place in `open`. False: there is none.
  bool TakePlace(std::atomic<int>& open) { return place_.emplace(open, kMaxListings).got(); }
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

  CallDeadline deadline_;
  std::optional<Place> place_;
  std::vector<Response> pages_;
  std::size_t at_ = 0;
};

}  // namespace

// Puts the pieces of files together. Owns itself.
class AdminService::Check final : public grpc::ServerReadReactor<v1::CheckRulesRequest> {
 public:
  using Compile = std::function<bool(Check*)>;  // false: no room

  // Counts itself in `open` as long as it lives, if it may call; reads nothing of who is not
  // allowed to call. `compile` is called once all has come.
  Check(grpc::CallbackServerContext& context, std::atomic<int>& open, grpc::Status allowed,
        Compile compile)
      : deadline_(context, kLongestCall), compile_(std::move(compile)) {
    // Who may not call takes nobody's place.
    if (allowed.ok() && !place_.emplace(open, kMaxChecks).got()) allowed = TooMany();
    if (allowed.ok()) {
      StartRead(&piece_);
    } else {
      Finish(std::move(allowed));
    }
  }

  void Refuse(grpc::Status status) { Finish(std::move(status)); }
  void Done() { Finish(grpc::Status::OK); }
  std::vector<RuleFile> TakeFiles() { return pieces_.TakeFiles(); }
  bool gone() const { return gone_; }

  // Not ok: the client has sent all, or is gone.
  void OnReadDone(bool ok) override {
    if (!ok) {
      if (gone_) return Finish({StatusCode::CANCELLED, "cancelled, or not all came in time"});
      if (!compile_(this)) Finish(TooMany());
      return;
    }
    if (!pieces_.Add(piece_)) {
      return Finish(BadRequest({std::string(RulePieces::kExpected)}));
    }
    StartRead(&piece_);
  }
  void OnCancel() override { gone_ = true; }
  void OnDone() override { delete this; }

 private:
  CallDeadline deadline_;
  std::optional<Place> place_;
  std::atomic<bool> gone_{false};
  const Compile compile_;
  v1::CheckRulesRequest piece_;
  RulePieces pieces_;
};

AdminService::AdminService(AdminCalls calls, const Access& access)
    : calls_(std::move(calls)), access_(access), tasks_(kMaxWaiting), worker_([this] { Run(); }) {}

AdminService::~AdminService() {
  tasks_.Close();
  worker_.join();
}

void AdminService::Run() {
  constexpr std::chrono::seconds kPause{1};
  while (true) {
    if (const auto task = tasks_.Pop(kPause)) {
      (*task)();
    } else if (tasks_.closed()) {
      return;
    }
    if (calls_.forget_closed) calls_.forget_closed();
  }
}

template <typename Response, typename MakePages>
grpc::ServerWriteReactor<Response>* AdminService::Answer(grpc::CallbackServerContext* context,
                                                         MakePages make_pages) {
  auto* pages = new Pages<Response>(*context);
  grpc::Status allowed = Require(Role::kAdminister, *context, *access_.rules());
  if (!allowed.ok()) {
    pages->Refuse(std::move(allowed));
  } else if (!pages->TakePlace(listings_) || !tasks_.TryPush([pages, make_pages] {
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

// Nobody else is answered meanwhile: so not without end, nor for who is gone.
void AdminService::Compile(Check& check, v1::CheckRulesResponse& response) {
  const auto deadline = std::chrono::steady_clock::now() + kLongestCompile;
  const CheckedRules checked = calls_.check_rules(check.TakeFiles(), [&] {
    return check.gone() || std::chrono::steady_clock::now() >= deadline;
  });
  if (check.gone()) return check.Refuse({StatusCode::CANCELLED, "cancelled"});
  if (checked.given_up) {
    return check.Refuse({StatusCode::DEADLINE_EXCEEDED,
                         "these rules take more than " + std::to_string(kLongestCompile.count()) +
                             " seconds to compile: send fewer"});
  }
  ToProto(checked, response);
  check.Done();
}

grpc::ServerReadReactor<v1::CheckRulesRequest>* AdminService::CheckRules(
    grpc::CallbackServerContext* context, v1::CheckRulesResponse* response) {
  return new Check(*context, checks_, Require(Role::kAdminister, *context, *access_.rules()),
                   [this, response](Check* check) {
                     return tasks_.TryPush([this, check, response] { Compile(*check, *response); });
                   });
}

grpc::ServerWriteReactor<v1::WatchEventsResponse>* AdminService::WatchEvents(
    grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) {
  auto* stream = new EventStream();
  grpc::Status allowed = Require(Role::kAdminister, *context, *access_.rules());
  if (!allowed.ok()) {
    stream->Refuse(std::move(allowed));
    return stream;
  }
  const auto watch = EventWatch::Make(*request);
  if (!watch) {
    stream->Refuse(BadRequest(watch.error()));
  } else if (!tasks_.TryPush([this, stream, watch = *watch] {
               const Status taken = calls_.watch_events(watch);
               if (taken) return stream->Begin(watch);
               const bool many = taken.error().exit_code == 1;
               stream->Refuse(many ? OverQuota("watches of events", taken.error().message,
                                               std::chrono::seconds(10))
                                   : Unavailable(taken.error()));
             })) {
    stream->Refuse(TooMany());
  }
  return stream;
}

grpc::ServerUnaryReactor* AdminService::ReloadRules(grpc::CallbackServerContext* context,
                                                    const v1::ReloadRulesRequest*,
                                                    v1::ReloadRulesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const grpc::Status allowed = Require(Role::kAdminister, *context, *access_.rules());
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
