// SPDX-License-Identifier: Apache-2.0
#include "sinks/otlp_sink.h"

#include <grpcpp/grpcpp.h>

#include <array>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/read_file.h"
#include "base/text.h"
#include "opentelemetry/logs_service.grpc.pb.h"
#include "sinks/ocsf.h"
#include "sinks/otlp_answer.h"
#include "sinks/peer_socket.h"

namespace nezuban::sinks {
namespace {

namespace otlp = opentelemetry::proto::collector::logs::v1;

// SeverityNumber by alert::Priority, as the log data model maps syslog's.
constexpr std::array<int, 8> kSeverityNumbers = {21, 19, 18, 17, 13, 10, 9, 5};

constexpr std::size_t kMaxPem = std::size_t{4} << 20;
// What gRPC takes, and so a collector, unless it was told otherwise.
constexpr std::size_t kMaxRequest = std::size_t{4} << 20;

template <typename Message>
void Attribute(Message& message, const std::string& key, const std::string& value) {
  if (value.empty()) return;
  otlp::KeyValue& attribute = *message.add_attributes();
  attribute.set_key(ValidUtf8(key));
  attribute.mutable_value()->set_string_value(ValidUtf8(value));
}

Result<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  auto text = ReadFile(path, kMaxPem);
  if (!text) return Fail("read " + path, text.error());
  if (text->empty()) return Fail("read " + path + ": no certificate or key");
  return text;
}

class OtlpSink final : public Destination {
 public:
  OtlpSink(const SinkOptions& options, NodeNames names)
      : options_(options.otlp), timeout_(options.timeout), names_(std::move(names)) {}

  SendResult Send(std::span<const Outgoing> batch) override;
  BatchLimits limits() const override { return {options_.batch}; }

 private:
  Status EnsureConnected();
  void FillResource(otlp::Resource& resource) const;
  void FillRecord(const Outgoing& outgoing, otlp::LogRecord& record) const;

  const OtlpOptions options_;
  const std::chrono::milliseconds timeout_;
  const NodeNames names_;
  std::unique_ptr<otlp::LogsService::Stub> stub_;
};

// Certificates are read anew with each connection that had to be given up.
Status OtlpSink::EnsureConnected() {
  if (stub_ != nullptr) return {};
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  grpc::ChannelArguments arguments;
  if (!options_.plaintext) {
    grpc::SslCredentialsOptions ssl;
    ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options_.tls.ca));
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options_.tls.cert));
    ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options_.tls.key));
    credentials = grpc::SslCredentials(ssl);
    if (!options_.tls.server_name.empty()) {
      arguments.SetSslTargetNameOverride(options_.tls.server_name);
    }
  }
  // A channel of its own, not one that another sink to the same address has already.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options_.gzip) arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  stub_ = otlp::LogsService::NewStub(
      grpc::CreateCustomChannel(options_.address, credentials, arguments));
  return {};
}

void OtlpSink::FillResource(otlp::Resource& resource) const {
  Attribute(resource, "service.name", "nezuban");
  Attribute(resource, "service.version", names_.version);
  Attribute(resource, "host.name", names_.hostname);
  Attribute(resource, "k8s.node.name", names_.node);
  Attribute(resource, "k8s.cluster.name", names_.cluster);
  for (const auto& [key, value] : options_.resource) Attribute(resource, key, value);
}

void OtlpSink::FillRecord(const Outgoing& outgoing, otlp::LogRecord& record) const {
  const auto* alert = std::get_if<alert::Alert>(&outgoing.what);
  const std::int64_t time =
      alert != nullptr ? alert->time_ns : std::get<Gap>(outgoing.what).last_ns;
  const alert::Priority priority = alert != nullptr ? alert->priority : alert::Priority::kWarning;
  record.set_time_unix_nano(static_cast<std::uint64_t>(time));
  record.set_observed_time_unix_nano(static_cast<std::uint64_t>(WallClockNs()));
  record.set_severity_number(kSeverityNumbers.at(static_cast<std::size_t>(priority)));
  record.set_severity_text(std::string(alert::ToString(priority)));
  record.set_event_name(alert != nullptr ? "nezuban.alert" : "nezuban.gap");
  if (options_.json) {
    record.mutable_body()->set_string_value(OcsfJson(outgoing, names_));
  } else {
    ToOcsf(outgoing, names_, *record.mutable_body());
  }
  if (alert == nullptr) return;
  Attribute(record, "nezuban.rule", alert->rule);
  Attribute(record, "nezuban.alert.id", alert->id);
  if (alert->container_known) Attribute(record, "container.id", alert->container_id);
}

SendResult OtlpSink::Send(std::span<const Outgoing> batch) {
  if (const Status connected = EnsureConnected(); !connected) {
    return SendResult::Retry(connected.error().message);
  }
  otlp::ExportLogsServiceRequest request;
  otlp::ResourceLogs& logs = *request.add_resource_logs();
  FillResource(*logs.mutable_resource());
  otlp::ScopeLogs& scope = *logs.add_scope_logs();
  scope.mutable_scope()->set_name("nezuban");
  scope.mutable_scope()->set_version(names_.version);
  for (const Outgoing& outgoing : batch) FillRecord(outgoing, *scope.add_log_records());
  // It would be turned away each time, with the code of a peer that is only busy.
  if (const std::size_t bytes = request.ByteSizeLong(); bytes > kMaxRequest) {
    return SendResult::Refused(options_.address + ": a request of " + std::to_string(bytes) +
                               " bytes, at most " + std::to_string(kMaxRequest) + " are taken");
  }

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout_);
  context.set_wait_for_ready(false);
  for (const auto& [key, value] : options_.headers) context.AddMetadata(key, value);
  ExportResponse response;
  const grpc::Status status = stub_->Export(&context, request, &response);
  SendResult result = JudgeExport(status, response, options_.address, batch.size());
  if (result.outcome == SendResult::Outcome::kRetry) stub_.reset();
  return result;
}

}  // namespace

Result<std::unique_ptr<Destination>> OpenOtlp(const SinkOptions& options, const NodeNames& names) {
  return std::unique_ptr<Destination>(std::make_unique<OtlpSink>(options, names));
}

}  // namespace nezuban::sinks
