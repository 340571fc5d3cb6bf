// SPDX-License-Identifier: Apache-2.0
#include "kube/http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "base/read_file.h"
#include "base/text.h"
#include "kube/answers.h"

namespace nezuban::kube {
namespace {

constexpr std::size_t kMaxTokenFile = 65536;
constexpr std::size_t kMaxRefusal = 65536;  // of a body that only says why
// Metadata only: what an object says is done and what with stays where it is. A server refuses one
// for the other.
constexpr const char* kAcceptObject =
    "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
constexpr const char* kAcceptList =
    "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

// An end that acknowledges nothing any more is gone: else the kernel believes in it for a quarter
// of an hour, and new requests are sent into the same connection.
int LimitSilence(void*, curl_socket_t fd, curlsocktype) {
  constexpr unsigned kMilliseconds = 30'000;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kMilliseconds, sizeof(kMilliseconds));
  return CURL_SOCKOPT_OK;
}

}  // namespace

bool IsRefusal(long status) { return status == 401 || status == 403; }

std::string ProblemOf(const Answer& answer) {
  if (!answer.problem.empty()) return answer.problem;
  const std::string said = ParseMessage(answer.body);
  return "status " + std::to_string(answer.status) + (said.empty() ? "" : ": " + said);
}

// What lives as long as one request.
struct Http::Transfer {
  Request request;
  HttpLimits limits;
  CURL* curl = nullptr;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
  Answer answer;
  std::string partial;  // of a line
  bool enough = false;

  ~Transfer() {
    ::curl_easy_cleanup(curl);
    ::curl_slist_free_all(headers);
  }

  void AddHeader(const std::string& header) {
    curl_slist* const longer = ::curl_slist_append(headers, header.c_str());
    CHECK(longer != nullptr);
    headers = longer;
  }

  bool TooLarge() {
    answer.too_large = true;
    return false;
  }

  bool TakeLines(std::string_view bytes) {
    for (;;) {
      const std::size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      if (partial.size() + part.size() > limits.line) return TooLarge();
      partial += part;
      if (end == std::string_view::npos) return true;
      enough = !request.line(partial);
      partial.clear();
      if (enough) return false;
      bytes.remove_prefix(end + 1);
    }
  }

  bool TakeBody(std::string_view bytes, std::size_t most) {
    if (answer.body.size() + bytes.size() > most) return TooLarge();
    answer.body += bytes;
    return true;
  }

  static std::size_t Write(char* bytes, std::size_t size, std::size_t count, void* to) {
    Transfer& self = *static_cast<Transfer*>(to);
    long status = 0;
    ::curl_easy_getinfo(self.curl, CURLINFO_RESPONSE_CODE, &status);
    const std::string_view text(bytes, size * count);
    bool go_on = true;
    if (status != kOk) {
      go_on = self.TakeBody(text, kMaxRefusal);
    } else if (self.request.line) {
      go_on = self.TakeLines(text);
    } else {
      go_on = self.TakeBody(text, self.limits.body);
    }
    return go_on ? text.size() : 0;
  }

  void Finish(CURLcode code) {
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code == CURLE_OK || enough) return;
    answer.problem = error[0] != '\0' ? error.data() : ::curl_easy_strerror(code);
    if (answer.too_large) answer.problem = "the answer is too large";
  }
};

Http::Http(Endpoint endpoint, std::string user_agent, HttpLimits limits)
    : endpoint_(std::move(endpoint)),
      user_agent_(std::move(user_agent)),
      limits_(limits),
      multi_(::curl_multi_init()) {
  CHECK(multi_ != nullptr);
}

Http::~Http() {
  for (const auto& [curl, transfer] : transfers_) {
    ::curl_multi_remove_handle(static_cast<CURLM*>(multi_), curl);
  }
  transfers_.clear();
  ::curl_multi_cleanup(static_cast<CURLM*>(multi_));
}

void Http::Fail(Request request, std::string problem) {
  Answer answer;
  answer.problem = std::move(problem);
  failed_.emplace_back(std::move(request), std::move(answer));
}

void Http::Begin(Request request) {
  auto transfer = std::make_unique<Transfer>();
  if (!endpoint_.token_file.empty()) {
    const auto text = ReadFile(endpoint_.token_file, kMaxTokenFile);
    if (!text) return Fail(std::move(request), endpoint_.token_file + ": " + text.error().message);
    const std::string_view token = Trim(*text);
    if (token.empty() || token.find_first_of("\r\n") != std::string_view::npos) {
      return Fail(std::move(request), "no token in " + endpoint_.token_file);
    }
    transfer->AddHeader("Authorization: Bearer " + std::string(token));
  }
  transfer->AddHeader(request.is_list ? kAcceptList : kAcceptObject);
  transfer->AddHeader("User-Agent: " + user_agent_);
  transfer->request = std::move(request);
  transfer->limits = limits_;
  transfer->curl = ::curl_easy_init();
  CHECK(transfer->curl != nullptr);
  SetOptions(*transfer);
  CHECK(::curl_multi_add_handle(static_cast<CURLM*>(multi_), transfer->curl) == CURLM_OK);
  transfers_.emplace(transfer->curl, std::move(transfer));
}

void Http::SetOptions(Transfer& transfer) const {
  CURL* curl = transfer.curl;
  ::curl_easy_setopt(curl, CURLOPT_URL, (endpoint_.url + transfer.request.path).c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  ::curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_CAINFO, endpoint_.ca_file.c_str());
  ::curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  ::curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // the file is replaced, too
  ::curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  ::curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);  // one connection for all where it is HTTP/2
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer.headers);
  ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.request.timeout.count()));
  // A watch says nothing for minutes: whether its other end is still there the kernel asks.
  ::curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  ::curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 20L);
  ::curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L);
  ::curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, &LimitSilence);
  ::curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up keeps nobody
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer.error.data());
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::Write);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
}

void Http::Poll(std::chrono::milliseconds timeout) {
  CURLM* multi = multi_;
  int running = 0;
  ::curl_multi_perform(multi, &running);
  const bool ended = static_cast<std::size_t>(running) < transfers_.size() || !failed_.empty();
  const int wait_ms = ended ? 0 : static_cast<int>(timeout.count());
  ::curl_multi_poll(multi, nullptr, 0, wait_ms, nullptr);
  ::curl_multi_perform(multi, &running);
  TakeEnded();
}

void Http::TakeEnded() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(static_cast<CURLM*>(multi_), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    auto ended = transfers_.extract(message->easy_handle);
    CHECK(!ended.empty());
    ::curl_multi_remove_handle(static_cast<CURLM*>(multi_), ended.key());
    Transfer& transfer = *ended.mapped();
    transfer.Finish(code);
    transfer.request.end(transfer.answer);
  }
  const auto failed = std::exchange(failed_, {});
  for (const auto& [request, answer] : failed) request.end(answer);
}

void Http::Wake() { ::curl_multi_wakeup(static_cast<CURLM*>(multi_)); }

}  // namespace nezuban::kube
