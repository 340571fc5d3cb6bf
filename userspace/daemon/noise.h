// SPDX-License-Identifier: Apache-2.0
// Noise: holds back what says the same again, or comes faster than anybody can read; what was held
// back is told by a summary, always.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alert/alert.h"

namespace nezuban::daemon {

struct NoiseLimits {
  std::uint64_t rate = 0;                     // alerts of one rule a minute; 0: any number
  std::uint64_t burst = 100;                  // the same at once, before the rate counts
  std::uint64_t repeat_window_ns = 0;         // 0: repeats pass
  std::vector<std::string> repeat_fields;     // alike in these and of the same rule: a repeat
  std::uint64_t summary_ns = 60'000'000'000;  // between two summaries of a rule
  std::size_t repeats_bytes = std::size_t{16} << 20;  // remembered; then the oldest are told again
};

// Reads no clock: time is the events', so that a replay holds back the same. One thread.
class Noise {
 public:
  using AlertHandler = std::function<void(alert::Alert)>;

  explicit Noise(NoiseLimits limits) : limits_(std::move(limits)) {}

  // What is remembered of alerts stays; bursts begin anew.
  void SetLimits(NoiseLimits limits);

  bool enabled() const { return limits_.rate > 0 || limits_.repeat_window_ns > 0; }

  // Whether the alert is to go out; else it is counted for a summary. `now_ns` never goes back.
  bool Pass(const alert::Alert& alert, std::uint64_t now_ns);

  // Gives `emit` the summaries that are due: a summary is an alert with the priority of the rule
  // that it tells of, of the rule "Alerts held back" and the source "nezuban".
  void TellDue(std::uint64_t now_ns, const AlertHandler& emit);
  // All that was not told yet: nothing more comes.
  void TellAll(const AlertHandler& emit);

  // Held back since the start.
  std::uint64_t held_back() const { return held_back_; }

 private:
  enum Why : std::uint8_t { kRepeat, kRate, kWhyCount };
  // One rule that had alerts.
  struct Rule {
    double tokens = 0;
    std::uint64_t refilled_ns = 0;
    std::array<std::uint64_t, kWhyCount> held{};  // since the last summary
    std::uint64_t due_ns = 0;                     // of the next summary
    alert::Alert sample;                          // the first that was held back
    std::int64_t last_time_ns = 0;
  };
  struct Repeat {
    std::string key;
    std::uint64_t until_ns = 0;
  };

  bool IsRepeat(const std::string& key, std::uint64_t now_ns);
  void Remember(std::string key, std::uint64_t now_ns);
  bool IsOverRate(Rule& rule, std::uint64_t now_ns) const;
  void HoldBack(Rule& rule, const alert::Alert& alert, Why why, std::uint64_t now_ns);
  static alert::Alert Summary(Rule& rule);

  NoiseLimits limits_;
  std::map<std::string, Rule, std::less<>> rules_;  // in order: summaries come in the same order
  std::list<Repeat> repeats_;                       // by time, oldest first
  std::unordered_map<std::string_view, std::list<Repeat>::iterator> by_key_;
  std::size_t repeats_bytes_ = 0;
  std::uint64_t next_due_ns_ = ~std::uint64_t{0};
  std::uint64_t held_back_ = 0;
};

}  // namespace nezuban::daemon
