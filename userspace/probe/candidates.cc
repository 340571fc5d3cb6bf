// SPDX-License-Identifier: Apache-2.0
#include "probe/candidates.h"

#include <algorithm>
#include <utility>

namespace nezuban::probe {
namespace {

std::string Without(const ProgramRow& program, const std::string& why) {
  return "without " + program.name + ": " + why;
}

}  // namespace

Candidates::Candidates(event::EventType event, std::vector<SensorRow> rows, Trial trial)
    : event_(event), rows_(std::move(rows)), trial_(std::move(trial)) {
  SkipHopeless();
}

void Candidates::LeaveOut() {
  next_ = rows_.size();
  why_ = "not asked for";
}

void Candidates::Reject(const std::string& why) {
  AddReason(why);
  ++next_;
  SkipHopeless();
}

bool Candidates::Refuse(std::string_view program, const std::string& why) {
  if (current() == nullptr) return false;
  auto& programs = rows_[next_].programs;
  const auto found = std::find_if(programs.begin(), programs.end(),
                                  [&](const ProgramRow& row) { return row.name == program; });
  if (found == programs.end()) return false;
  if (!DoesWithout(*found)) {
    Reject(why);
    return true;
  }
  AddReason(Without(*found, why));
  programs.erase(found);
  return true;
}

void Candidates::SkipHopeless() {
  while (next_ < rows_.size() && Hopeless(rows_[next_])) ++next_;
}

// Whether the current row may go on without: what the program sees is lost then, so not as long as
// a row is left that sees it by other means.
bool Candidates::DoesWithout(const ProgramRow& program) const {
  if (!program.optional || rows_[next_].programs.size() == 1) return false;
  const auto has_it = [&](const SensorRow& row) {
    return std::any_of(row.programs.begin(), row.programs.end(),
                       [&](const ProgramRow& other) { return other.name == program.name; });
  };
  return std::all_of(rows_.begin() + static_cast<std::ptrdiff_t>(next_) + 1, rows_.end(), has_it);
}

bool Candidates::Hopeless(SensorRow& row) {
  auto& programs = row.programs;
  for (auto program = programs.begin(); program != programs.end();) {
    const auto status = trial_(*program);
    if (status) {
      ++program;
      continue;
    }
    if (!DoesWithout(*program)) {
      AddReason(status.error().message);
      return true;
    }
    AddReason(Without(*program, status.error().message));
    program = programs.erase(program);
  }
  return programs.empty();
}

}  // namespace nezuban::probe
