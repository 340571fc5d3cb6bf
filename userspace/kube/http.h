// SPDX-License-Identifier: Apache-2.0
// Http: requests to one API server over TLS, several at a time, by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/endpoint.h"

namespace nezuban::kube {

struct Answer {
  long status = 0;      // 0: there was no answer
  std::string body;     // of a stream only what came with another status than 200
  std::string problem;  // why it did not come to its end; empty: it did
  bool too_large = false;
};

inline constexpr long kOk = 200;
// For want of a right or of a valid token.
bool IsRefusal(long status);
// Why it is not what was asked for: what went wrong on the way, or what the server says.
std::string ProblemOf(const Answer& answer);

struct Request {
  std::string path;      // with its query
  bool is_list = false;  // else an object, or changes of some
  std::chrono::milliseconds timeout{30'000};
  // Given each line of what is answered with status 200, without its newline; false: that is
  // enough. Must not call this object. Empty: the body is kept for `end`.
  std::function<bool(std::string_view line)> line = {};
  // Once, from Poll, unless the object is destroyed before.
  std::function<void(const Answer& answer)> end;
};

struct HttpLimits {
  std::size_t body = std::size_t{4} << 20;  // of lists there are pages
  std::size_t line = std::size_t{4} << 20;
};

// One thread, but Wake is for any. The server's certificate is always verified, no redirection is
// followed and no proxy asked: the token goes to nobody else.
class Http {
 public:
  Http(Endpoint endpoint, std::string user_agent, HttpLimits limits = {});
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  void Begin(Request request);

  // Does what there is to do, waiting for it as long at most; ends are told from here.
  void Poll(std::chrono::milliseconds timeout);
  void Wake();

  std::size_t under_way() const { return transfers_.size(); }

 private:
  struct Transfer;

  void SetOptions(Transfer& transfer) const;
  void Fail(Request request, std::string problem);
  void TakeEnded();

  const Endpoint endpoint_;
  const std::string user_agent_;
  const HttpLimits limits_;
  void* multi_ = nullptr;  // a CURLM*
  std::map<void*, std::unique_ptr<Transfer>> transfers_;
  std::vector<std::pair<Request, Answer>> failed_;  // before they began
};

}  // namespace nezuban::kube
