// SPDX-License-Identifier: Apache-2.0
// Alerts by HTTP POST: a JSON array, or JSON lines.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

// Any 2xx: the peer has them. What cannot be about the alerts themselves (no connection, 5xx, 429,
// credentials, an address that is not there) is tried again; any other 4xx refuses them.
class WebhookSink final : public Destination {
 public:
  WebhookSink(const SinkOptions& options, NodeNames names);
  ~WebhookSink() override;

  SendResult Send(std::span<const Outgoing> batch) override;
  BatchLimits limits() const override { return {options_.batch}; }

 private:
  struct Request;

  std::string BodyOf(std::span<const Outgoing> batch) const;
  SendResult Perform(Request& request, std::size_t count);

  const WebhookOptions options_;
  const std::string shown_url_;  // without what is secret
  const std::chrono::milliseconds timeout_;
  const NodeNames names_;
  void* curl_ = nullptr;  // a CURL*: keeps the connection between requests
};

Result<std::unique_ptr<Destination>> OpenWebhook(const SinkOptions& options,
                                                 const NodeNames& names);

}  // namespace nezuban::sinks
