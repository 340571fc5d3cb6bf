// SPDX-License-Identifier: Apache-2.0
// NamesReader: reads what containers call their users, on threads that a container can hold up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "state/item.h"
#include "state/names_files.h"

namespace nezuban::daemon {

struct NamesCounters {
  std::uint64_t read = 0;        // answers with names
  std::uint64_t unreadable = 0;  // answers without, those that took too long included
  std::uint64_t stuck = 0;       // threads that a container holds up now
  std::uint64_t dropped = 0;     // requests and answers for which there was no room
};

// One thread asks; counters() is for any.
class NamesReader {
 public:
  using Read =
      std::function<state::NamesRead(const state::NamesWanted&, const state::NamesVersion* known)>;
  struct Options {
    Read read;  // may block forever; called on several threads
    // What takes longer is given up, with its container: the thread is left to it.
    std::chrono::milliseconds time_limit{1000};
    std::size_t threads = 2;
    std::size_t most_stuck = 16;  // when so many threads are held up, none takes their place
    std::size_t queued = 4096;
  };

  explicit NamesReader(Options options);
  ~NamesReader();  // does not wait for those that are held up: they must find `read` callable
  NamesReader(const NamesReader&) = delete;
  NamesReader& operator=(const NamesReader&) = delete;

  // Begins to read. Never waits.
  void Ask(const state::NamesWanted& wanted);

  // Hands over the answers, one for each Ask but such as were dropped. Never waits.
  void Drain(const std::function<void(state::NamesItem&&)>& handler);

  // Asks, and waits for the answer, for the time limit at most. Before the first Ask only.
  state::NamesItem WaitFor(const state::NamesWanted& wanted);

  // Something is being read.
  bool busy() const;

  NamesCounters counters() const;

 private:
  class Shared;
  std::shared_ptr<Shared> shared_;  // of the threads too: they may outlive it
};

}  // namespace nezuban::daemon
