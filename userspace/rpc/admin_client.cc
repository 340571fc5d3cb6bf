// SPDX-License-Identifier: Apache-2.0
#include "rpc/admin_client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "nezuban/v1/admin_service.grpc.pb.h"
#include "rpc/admin_to_proto.h"
#include "rpc/channel.h"

namespace nezuban::rpc {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{32} << 10;  // of a file, in one message

// All of a file; an empty one takes a piece too, or nobody would hear of it.
bool SendFile(const RuleFile& file, grpc::ClientWriter<v1::CheckRulesRequest>& writer) {
  std::size_t at = 0;
  do {
    v1::CheckRulesRequest piece;
    piece.set_path(ValidUtf8(file.path));
    piece.set_content(file.text.substr(at, kPieceBytes));
    if (!writer.Write(piece)) return false;
    at += kPieceBytes;
  } while (at < file.text.size());
  return true;
}

}  // namespace

struct AdminClient::Impl {
  const Target target;

  std::unique_ptr<v1::AdminService::Stub> Stub() const {
    return v1::AdminService::NewStub(Connect(target));
  }
  tl::unexpected<Error> Failed(const grpc::Status& status) const {
    return tl::unexpected<Error>(ToError(target.address, status));
  }
};

AdminClient::AdminClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminClient::AdminClient(AdminClient&&) noexcept = default;
AdminClient::~AdminClient() = default;

Result<AdminClient> AdminClient::Create(const Endpoint& endpoint) {
  ASSIGN_OR_RETURN(Target target, ToTarget(endpoint));
  return AdminClient(std::unique_ptr<Impl>(new Impl{std::move(target)}));
}

Result<std::vector<LoadedRule>> AdminClient::ListRules(std::chrono::milliseconds timeout) {
  const auto stub = impl_->Stub();
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  const auto reader = stub->ListRules(&context, {});
  std::vector<LoadedRule> rules;
  v1::ListRulesResponse page;
  while (reader->Read(&page)) {
    for (const v1::Rule& rule : page.rules()) rules.push_back(FromProto(rule));
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return impl_->Failed(status);
  return rules;
}

Result<std::vector<state::Container>> AdminClient::ListContainers(
    std::chrono::milliseconds timeout) {
  const auto stub = impl_->Stub();
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  const auto reader = stub->ListContainers(&context, {});
  std::vector<state::Container> containers;
  v1::ListContainersResponse page;
  while (reader->Read(&page)) {
    for (const v1::KnownContainer& each : page.containers()) containers.push_back(FromProto(each));
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return impl_->Failed(status);
  return containers;
}

Result<CheckedRules> AdminClient::CheckRules(const std::vector<RuleFile>& files,
                                             std::chrono::milliseconds timeout) {
  const auto stub = impl_->Stub();
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::CheckRulesResponse response;
  const auto writer = stub->CheckRules(&context, &response);
  // It takes no more only if it has ended the call: Finish says why.
  static_cast<void>(
      std::ranges::all_of(files, [&](const RuleFile& f) { return SendFile(f, *writer); }));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return impl_->Failed(status);
  return FromProto(response);
}

Status AdminClient::WatchEvents(const EventsAskedFor& request, const EventHandler& on_events) {
  v1::WatchEventsRequest asked;
  asked.set_condition(ValidUtf8(request.condition));
  for (const std::string& field : request.fields) asked.add_fields(ValidUtf8(field));
  asked.set_one_in(request.one_in);
  asked.set_max_per_second(request.max_per_second);
  const auto stub = impl_->Stub();
  grpc::ClientContext context;
  const auto reader = stub->WatchEvents(&context, asked);
  v1::WatchEventsResponse message;
  bool more = true;
  while (more && reader->Read(&message)) {
    more = on_events(EventsFromProto(message), CountsFromProto(message));
  }
  if (!more) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!more) return {};
  return impl_->Failed(status);
}

Result<ReloadedRules> AdminClient::ReloadRules(std::chrono::milliseconds timeout) {
  const auto stub = impl_->Stub();
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::ReloadRulesResponse response;
  const grpc::Status status = stub->ReloadRules(&context, {}, &response);
  if (!status.ok()) return impl_->Failed(status);
  return FromProto(response);
}

}  // namespace nezuban::rpc
