// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include <algorithm>
#include <utility>

#include "kube/endpoint.h"

namespace nezuban::kube {
namespace {

constexpr long kGone = 410;
constexpr int kMaxPages = 1000;

// Whether the place from which a stream was to follow changes is as good as before: the server is
// gone, or too busy. With 504 it says that it has not got there yet, or never will.
bool KeepsPlace(long status) {
  constexpr long kTooMany = 429;
  constexpr long kTimeout = 504;
  return status == 0 || status == kTooMany || (status >= 500 && status != kTimeout);
}

}  // namespace

Watch::Watch(std::string path, std::string selector, Objects& objects)
    : path_(std::move(path)), selector_(std::move(selector)), objects_(objects) {}

std::string Watch::NextPath(unsigned seconds) {
  streaming_ = !version_.empty();
  expired_ = false;
  if (streaming_) {
    ++counters_.streams;
    stream_problem_.clear();
    return path_ + "?" + selector_ +
           "watch=1&allowWatchBookmarks=true&resourceVersion=" + version_ +
           "&timeoutSeconds=" + std::to_string(seconds);
  }
  ++counters_.lists;
  std::string query = path_ + "?" + selector_;
  const std::string limit = "limit=" + std::to_string(page_);
  if (!continue_token_.empty()) {
    return query + limit + "&continue=" + Escaped(continue_token_);
  }
  // 0: from the server's memory, in one piece, without a question to etcd that would have to go
  // through the pods of all nodes.
  return query + (exact_ ? limit : "resourceVersion=0");
}

void Watch::ListAgain() {
  version_.clear();
  continue_token_.clear();
  pages_ = 0;
}

bool Watch::TakeLine(std::string_view line) {
  auto event = ParseEvent(line);
  if (!event) {
    ++counters_.unreadable;
    stream_problem_ = "a change that makes no sense";
    ListAgain();  // what it was is missed
    return false;
  }
  if (event->change == Change::kError) {
    if (event->code == kGone) {
      expired_ = true;
    } else {
      stream_problem_ = "status " + std::to_string(event->code) + ": " + event->message;
    }
    return false;
  }
  if (!event->version.empty()) version_ = event->version;
  if (event->change == Change::kBookmark) return true;
  ++counters_.events;
  if (!event->object) {
    ++counters_.unreadable;
  } else if (event->change == Change::kPut) {
    objects_.Put(*std::move(event->object));
  } else {
    objects_.Remove(*event->object);
  }
  return true;
}

Ended Watch::Expire() {
  ++counters_.expired;
  exact_ = true;
  ListAgain();
  return Ended::kFailed;
}

Ended Watch::TakeEnd(const Answer& answer, std::string& problem) {
  if (expired_ || (answer.status == kGone && answer.problem.empty())) return Expire();
  if (answer.status != kOk || (!answer.problem.empty() && !streaming_)) {
    if (answer.too_large && exact_) page_ = std::max(1U, page_ / 4);
    if (answer.too_large) exact_ = true;
    problem = ProblemOf(answer);
    if (IsRefusal(answer.status)) return Ended::kRefused;
    // Pages read so far are of no use without the others, nor is a place that is not known there.
    if (!streaming_ || !KeepsPlace(answer.status)) ListAgain();
    return Ended::kFailed;
  }
  if (!streaming_) return TakePage(answer, problem);
  problem = stream_problem_.empty() ? answer.problem : stream_problem_;
  if (answer.too_large) ListAgain();
  return problem.empty() ? Ended::kWell : Ended::kFailed;
}

Ended Watch::TakePage(const Answer& answer, std::string& problem) {
  auto list = ParseList(answer.body);
  if (!list || pages_ >= kMaxPages) {
    ++counters_.unreadable;
    ListAgain();
    problem = "a list that makes no sense";
    return Ended::kFailed;
  }
  counters_.unreadable += list->unreadable;
  if (pages_ == 0) objects_.BeginList();
  ++pages_;
  for (Object& object : list->objects) objects_.Put(std::move(object));
  continue_token_ = std::move(list->continue_token);
  if (!continue_token_.empty()) return Ended::kWell;
  objects_.EndList();
  pages_ = 0;
  version_ = std::move(list->version);
  exact_ = false;
  page_ = kLargestPage;
  return Ended::kWell;
}

}  // namespace nezuban::kube
