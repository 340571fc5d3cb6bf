// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_sink.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "sinks/body.h"

namespace nezuban::sinks {
namespace {

// Besides 429: not about these alerts, and somebody may mend it.
constexpr std::array<long, 6> kMayPass = {401, 403, 404, 407, 408, 425};
constexpr std::size_t kMaxAnswer = 65536;  // bytes of it that are taken at all
constexpr std::size_t kShownAnswer = 200;

std::size_t KeepAnswer(char* bytes, std::size_t size, std::size_t count, void* to) {
  auto& answer = *static_cast<std::string*>(to);
  const std::size_t all = size * count;
  if (answer.size() + all > kMaxAnswer) return 0;  // ends the transfer
  answer.append(bytes, all);
  return all;
}

}  // namespace

// What lives as long as one request.
struct WebhookSink::Request {
  std::string body;
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  curl_slist* headers = nullptr;

  void AddHeader(const std::string& header) {
    curl_slist* const longer = ::curl_slist_append(headers, header.c_str());
    CHECK(longer != nullptr);
    headers = longer;
  }
  ~Request() { ::curl_slist_free_all(headers); }
};

WebhookSink::WebhookSink(const SinkOptions& options, NodeNames names)
    : options_(options.webhook), timeout_(options.timeout), names_(std::move(names)) {
  CURL* curl = ::curl_easy_init();
  CHECK(curl != nullptr);
  curl_ = curl;
  ::curl_easy_setopt(curl, CURLOPT_URL, options_.url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_POST, 1L);
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
  ::curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, KeepAnswer);
  const TlsOptions& tls = options_.tls;
  if (!tls.ca.empty()) ::curl_easy_setopt(curl, CURLOPT_CAINFO, tls.ca.c_str());
  if (!tls.cert.empty()) {
    ::curl_easy_setopt(curl, CURLOPT_SSLCERT, tls.cert.c_str());
    ::curl_easy_setopt(curl, CURLOPT_SSLKEY, tls.key.c_str());
  }
}

WebhookSink::~WebhookSink() { ::curl_easy_cleanup(curl_); }

std::string WebhookSink::BodyOf(std::span<const Outgoing> batch) const {
  std::string body = options_.lines ? "" : "[";
  for (const Outgoing& outgoing : batch) {
    if (!options_.lines && body.size() > 1) body += ',';
    body += Body(outgoing, options_.format, names_);
    if (options_.lines) body += '\n';
  }
  return options_.lines ? body : body + "]";
}

SendResult WebhookSink::Send(std::span<const Outgoing> batch) {
  Request request;
  request.body = BodyOf(batch);
  request.AddHeader(std::string("Content-Type: ") +
                    (options_.lines ? "application/x-ndjson" : "application/json"));
  request.AddHeader("User-Agent: nezuban/" + names_.version);
  request.AddHeader("Expect:");  // no round trip before the body
  if (!options_.token_file.empty()) {
    std::ifstream file(options_.token_file);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::string_view token = Trim(text);
    if (token.empty() || token.find_first_of("\r\n") != std::string_view::npos) {
      return SendResult::Retry("token_file: no token in " + options_.token_file);
    }
    request.AddHeader("Authorization: Bearer " + std::string(token));
  }
  for (const std::string& header : options_.headers) request.AddHeader(header);
  return Perform(request, batch.size());
}

SendResult WebhookSink::Perform(Request& request, std::size_t count) {
  CURL* curl = curl_;
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request.headers);
  ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  ::curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &request.answer);
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, request.error.data());
  const CURLcode code = ::curl_easy_perform(curl);
  long status = 0;
  curl_off_t wait_s = 0;
  ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  ::curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_s);
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (code != CURLE_OK) {
    const std::string why =
        request.error[0] != '\0' ? request.error.data() : curl_easy_strerror(code);
    return SendResult::Retry(options_.url + ": " + why);
  }
  if (status >= 200 && status < 300) return SendResult::Taken(count);
  const std::string problem = options_.url + ": status " + std::to_string(status) + " " +
                              std::string(Trim(request.answer).substr(0, kShownAnswer));
  const bool refused = status >= 400 && status < 500 && status != 429 &&
                       std::ranges::find(kMayPass, status) == kMayPass.end();
  if (refused) return SendResult::Refused(problem);
  SendResult result = SendResult::Retry(problem);
  if (wait_s > 0) result.retry_after = std::chrono::seconds(std::min<curl_off_t>(wait_s, 3600));
  return result;
}

Result<std::unique_ptr<Destination>> OpenWebhook(const SinkOptions& options,
                                                 const NodeNames& names) {
  return std::unique_ptr<Destination>(std::make_unique<WebhookSink>(options, names));
}

}  // namespace nezuban::sinks
