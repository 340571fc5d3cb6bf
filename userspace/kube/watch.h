// SPDX-License-Identifier: Apache-2.0
// Watch: keeps up with all objects of one kind: lists them, then follows their changes. No clock
// and no connection of its own: Client asks what it says next, and gives it what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kube/answers.h"
#include "kube/http.h"

namespace nezuban::kube {

// Who keeps what is watched.
class Objects {
 public:
  virtual ~Objects() = default;
  // What is not Put until EndList is gone.
  virtual void BeginList() = 0;
  virtual void Put(Object object) = 0;
  virtual void Remove(const Object& object) = 0;
  virtual void EndList() = 0;
};

struct WatchCounters {
  std::uint64_t lists = 0;       // pages asked for
  std::uint64_t streams = 0;     // times changes were asked for
  std::uint64_t events = 0;      // changes
  std::uint64_t expired = 0;     // times changes could not be followed from where we were
  std::uint64_t unreadable = 0;  // objects and changes that made no sense
};

// What came of a request.
enum class Ended : std::uint8_t {
  kWell,     // what comes next can be asked at once
  kRefused,  // 401 or 403
  kFailed,   // without a problem to tell of: where we were is too long ago
};

class Watch {
 public:
  static constexpr unsigned kLargestPage = 250;

  // `path`: "/api/v1/pods"; `selector`: "fieldSelector=…&", or empty. REQUIRES: `objects` outlives
  // it.
  Watch(std::string path, std::string selector, Objects& objects);

  // The next request's path and query. `seconds`: how long changes are to be followed.
  std::string NextPath(unsigned seconds);
  // What NextPath gave follows changes: its answer comes line by line.
  bool is_stream() const { return streaming_; }

  // A line of a stream. False: the stream is of no more use.
  bool TakeLine(std::string_view line);
  // What came of the request. `problem` is told what went wrong.
  Ended TakeEnd(const Answer& answer, std::string& problem);

  // The list was read to its end: what it and the changes since did not name is not there.
  bool whole() const { return !version_.empty(); }

  const std::string& path() const { return path_; }
  const WatchCounters& counters() const { return counters_; }

 private:
  Ended TakePage(const Answer& answer, std::string& problem);
  Ended Expire();
  void ListAgain();

  const std::string path_;
  const std::string selector_;
  Objects& objects_;
  std::string version_;         // from which on changes are followed; empty: a list is due
  std::string continue_token_;  // of the page that is due
  // Read in pages, and as of now: the server's own copy, which is cheaper for it, was too old or
  // comes in one piece that is too large.
  bool exact_ = false;
  unsigned page_ = kLargestPage;  // objects of one; fewer where they are large
  bool streaming_ = false;
  bool expired_ = false;  // said the stream
  int pages_ = 0;         // of this list
  std::string stream_problem_;
  WatchCounters counters_;
};

}  // namespace nezuban::kube
