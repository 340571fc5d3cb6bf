// SPDX-License-Identifier: Apache-2.0
#include "daemon/noise.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace nezuban::daemon {
namespace {

constexpr std::size_t kBytesEach = 200;  // of the two tables, besides the key
constexpr double kMinuteNs = 60e9;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

struct ValueText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string text;
    for (const std::string& value : values) text += value + '\0';
    return text;
  }
};

// What every alert has, whatever its output names.
struct Member {
  std::string_view name;
  std::string (*text)(const alert::Alert& alert);
};
constexpr std::array kMembers = {
    Member{"container.id", [](const alert::Alert& a) { return a.container_id; }},
    Member{"container.origin", [](const alert::Alert& a) { return a.origin; }},
    Member{"evt.type", [](const alert::Alert& a) { return a.event_type; }},
    Member{"proc.pid", [](const alert::Alert& a) { return std::to_string(a.pid); }},
    Member{"proc.name",
           [](const alert::Alert& a) {
             return a.ancestors.empty() ? std::string() : a.ancestors.front().name;
           }},
    Member{"proc.exepath",
           [](const alert::Alert& a) {
             return a.ancestors.empty() ? std::string() : a.ancestors.front().exe_path;
           }},
};

std::string TextOf(const alert::Alert& alert, std::string_view name) {
  const auto* member = std::ranges::find(kMembers, name, &Member::name);
  if (member != kMembers.end()) return member->text(alert);
  const auto field = std::ranges::find(alert.fields, name, [](const auto& f) { return f.first; });
  return field == alert.fields.end() ? std::string() : std::visit(ValueText(), field->second);
}

// Parts with their length before them, so that none can be taken for two others.
std::string KeyOf(const alert::Alert& alert, const std::vector<std::string>& fields) {
  std::string key = std::to_string(alert.rule.size()) + ':' + alert.rule;
  for (const std::string& field : fields) {
    const std::string text = TextOf(alert, field);
    key += std::to_string(text.size()) + ':' + text;
  }
  return key;
}

}  // namespace

void Noise::SetLimits(NoiseLimits limits) {
  if (limits.repeat_window_ns != limits_.repeat_window_ns ||
      limits.repeat_fields != limits_.repeat_fields) {
    by_key_.clear();  // its keys are views of the others'
    repeats_.clear();
    repeats_bytes_ = 0;
  }
  limits_ = std::move(limits);
  for (auto& [name, rule] : rules_) rule.tokens = static_cast<double>(limits_.burst);
}

bool Noise::Pass(const alert::Alert& alert, std::uint64_t now_ns) {
  if (!enabled()) return true;
  const auto [entry, added] = rules_.try_emplace(alert.rule);
  Rule& rule = entry->second;
  if (added) {
    rule.tokens = static_cast<double>(limits_.burst);
    rule.refilled_ns = now_ns;
  }
  std::string key;
  if (limits_.repeat_window_ns > 0) key = KeyOf(alert, limits_.repeat_fields);
  if (IsRepeat(key, now_ns)) {
    HoldBack(rule, alert, kRepeat, now_ns);
    return false;
  }
  if (IsOverRate(rule, now_ns)) {
    HoldBack(rule, alert, kRate, now_ns);
    return false;
  }
  Remember(std::move(key), now_ns);
  return true;
}

// The window runs from the alert that was told, not from its latest repeat: one that never ends
// still comes once in each window.
bool Noise::IsRepeat(const std::string& key, std::uint64_t now_ns) {
  if (limits_.repeat_window_ns == 0) return false;
  while (!repeats_.empty() &&
         (repeats_.front().until_ns <= now_ns || repeats_bytes_ > limits_.repeats_bytes)) {
    repeats_bytes_ -= kBytesEach + repeats_.front().key.size();
    by_key_.erase(repeats_.front().key);
    repeats_.pop_front();
  }
  return by_key_.contains(key);
}

// Only what is told: what the rate held back is no repeat when it comes again.
void Noise::Remember(std::string key, std::uint64_t now_ns) {
  if (limits_.repeat_window_ns == 0) return;
  repeats_bytes_ += kBytesEach + key.size();
  repeats_.push_back({std::move(key), now_ns + limits_.repeat_window_ns});
  by_key_.emplace(repeats_.back().key, std::prev(repeats_.end()));
}

bool Noise::IsOverRate(Rule& rule, std::uint64_t now_ns) const {
  if (limits_.rate == 0) return false;
  const double since = static_cast<double>(now_ns - std::min(now_ns, rule.refilled_ns));
  rule.tokens = std::min(static_cast<double>(limits_.burst),
                         rule.tokens + since * static_cast<double>(limits_.rate) / kMinuteNs);
  rule.refilled_ns = std::max(rule.refilled_ns, now_ns);
  if (rule.tokens < 1) return true;
  rule.tokens -= 1;
  return false;
}

void Noise::HoldBack(Rule& rule, const alert::Alert& alert, Why why, std::uint64_t now_ns) {
  if (rule.due_ns == 0) {
    rule.due_ns = now_ns + limits_.summary_ns;
    next_due_ns_ = std::min(next_due_ns_, rule.due_ns);
    rule.sample = alert;
  }
  ++rule.held[why];
  ++held_back_;
  rule.last_time_ns = alert.time_ns;
}

// Its id follows from the first alert that is in it.
alert::Alert Noise::Summary(Rule& rule) {
  const std::uint64_t repeats = rule.held[kRepeat];
  const std::uint64_t over_rate = rule.held[kRate];
  const std::string name = std::move(rule.sample.rule);
  alert::Alert summary;
  summary.id = rule.sample.id + "-held-back";
  summary.time_ns = rule.last_time_ns;
  summary.rule = "Alerts held back";
  summary.priority = rule.sample.priority;
  summary.source = "nezuban";
  summary.event_type = "summary";
  summary.hostname = rule.sample.hostname;
  summary.message = std::to_string(repeats + over_rate) + " alerts of rule '" + name +
                    "' were held back since " + alert::FormatTime(rule.sample.time_ns) + ": " +
                    std::to_string(repeats) + " repeats, " + std::to_string(over_rate) +
                    " above the rate";
  summary.fields = {{"rule", name},
                    {"held_back", static_cast<std::int64_t>(repeats + over_rate)},
                    {"repeats", static_cast<std::int64_t>(repeats)},
                    {"above_rate", static_cast<std::int64_t>(over_rate)},
                    {"first_id", rule.sample.id},
                    {"first_time", alert::FormatTime(rule.sample.time_ns)}};
  rule.held = {};
  rule.due_ns = 0;
  rule.sample = {};
  return summary;
}

void Noise::TellDue(std::uint64_t now_ns, const AlertHandler& emit) {
  if (now_ns < next_due_ns_) return;
  next_due_ns_ = kNever;
  for (auto& [name, rule] : rules_) {
    if (rule.due_ns == 0) continue;
    if (rule.due_ns <= now_ns) {
      emit(Summary(rule));
    } else {
      next_due_ns_ = std::min(next_due_ns_, rule.due_ns);
    }
  }
}

void Noise::TellAll(const AlertHandler& emit) { TellDue(kNever - 1, emit); }

}  // namespace nezuban::daemon
