// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_sink.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/read_file.h"
#include "base/text.h"
#include "sinks/body.h"

namespace nezuban::sinks {
namespace {

// Besides 429: not about these alerts, and somebody may mend it.
constexpr std::array<long, 6> kMayPass = {401, 403, 404, 407, 408, 425};
constexpr std::size_t kMaxToken = 65536;

// The status says all. An answer may repeat what was sent, and has no place in a log.
std::size_t LetGo(char* /*bytes*/, std::size_t size, std::size_t count, void* /*to*/) {
  return size * count;
}

// Of a URL what is no secret: "https://host:port". Paths and queries hold keys as often as
// passwords do.
std::string SchemeAndHost(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)> parsed(::curl_url(),
                                                                     ::curl_url_cleanup);
  CHECK(parsed != nullptr);
  if (::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "the url";
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    std::string copy;
    if (::curl_url_get(parsed.get(), which, &text, 0) == CURLUE_OK) copy = text;
    ::curl_free(text);
    return copy;
  };
  const std::string port = part(CURLUPART_PORT);
  return part(CURLUPART_SCHEME) + "://" + part(CURLUPART_HOST) + (port.empty() ? "" : ":" + port);
}

}  // namespace

// What lives as long as one request.
struct WebhookSink::Request {
  std::string body;
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
    : options_(options.webhook),
      shown_url_(SchemeAndHost(options_.url)),
      timeout_(options.timeout),
      names_(std::move(names)) {
  CURL* curl = ::curl_easy_init();
  CHECK(curl != nullptr);
  curl_ = curl;
  ::curl_easy_setopt(curl, CURLOPT_URL, options_.url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_POST, 1L);
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
  ::curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, LetGo);
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
    const auto text = ReadFile(options_.token_file, kMaxToken);
    if (!text) {
      return SendResult::Retry("token_file: read " + options_.token_file + ": " +
                               text.error().message);
    }
    const std::string_view token = Trim(*text);
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
    return SendResult::Retry(shown_url_ + ": " + why);
  }
  if (status >= 200 && status < 300) return SendResult::Taken(count);
  const std::string problem = shown_url_ + ": status " + std::to_string(status);
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
