// SPDX-License-Identifier: Apache-2.0
// The rows of sensors that are left for one event while the source finds out what works here.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe/sensors.h"

namespace nezuban::probe {

class Candidates {
 public:
  // Whether a program can work here at all, as far as can be told before all are loaded; the error
  // says why not.
  using Trial = std::function<Status(const ProgramRow& program)>;

  // `rows`: best first. Those that `trial` lets no hope for are passed by.
  Candidates(event::EventType event, std::vector<SensorRow> rows, Trial trial);

  event::EventType event() const { return event_; }
  // nullptr: nothing is left. Valid until the next call of Reject, Refuse or LeaveOut.
  const SensorRow* current() const { return next_ < rows_.size() ? &rows_[next_] : nullptr; }
  // Why no better row, or not all of its optional programs; empty: nothing to say.
  const std::string& why() const { return why_; }

  // The event gets no sensor.
  void LeaveOut();

  // The next row's turn.
  void Reject(const std::string& why);

  // That program does not load or attach: it is the next row's turn. Only what is optional and
  // would be missing there as well is done without. False: the current row has no such program.
  bool Refuse(std::string_view program, const std::string& why);

 private:
  void SkipHopeless();
  bool Hopeless(SensorRow& row);
  bool DoesWithout(const ProgramRow& program) const;
  void AddReason(const std::string& why) { why_ += (why_.empty() ? "" : "; ") + why; }

  event::EventType event_;
  std::vector<SensorRow> rows_;
  Trial trial_;
  std::size_t next_ = 0;
  std::string why_;
};

}  // namespace nezuban::probe
