// SPDX-License-Identifier: Apache-2.0
#include "rpc/event_watch.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "event/event.h"
#include "fields/convert.h"
#include "fields/fields.h"
#include "nezuban/v1/admin_service.pb.h"
#include "rpc/bad_input.h"
#include "rpc/client_condition.h"

namespace nezuban::rpc {
namespace {

constexpr std::uint32_t kDefaultPerSecond = 100;
constexpr std::array<std::string_view, 8> kDefaultFields = {
    "proc.name", "proc.pid",     "proc.exepath", "proc.cmdline",
    "fd.name",   "container.id", "k8s.ns.name",  "k8s.pod.name"};

Result<fields::FieldRef> ParseField(std::string_view text) {
  const auto prefix = fields::LongestField(text);
  if (prefix && prefix->length == text.size()) return prefix->ref;
  const auto ref = fields::ResolveField(text, std::nullopt);
  const std::string hint = ref || ref.error().hint.empty() ? "" : ", " + ref.error().hint;
  return Fail("fields: unknown field '" + std::string(text) + "'" + hint, kBadInput);
}

Result<std::vector<fields::FieldRef>> ParseFields(const v1::WatchEventsRequest& request) {
  constexpr std::size_t kMaxNameBytes = 256;
  if (request.fields_size() > EventWatch::kMaxFields) {
    return Fail("fields: expected at most " + std::to_string(EventWatch::kMaxFields), kBadInput);
  }
  std::vector<fields::FieldRef> refs;
  for (const std::string& name : request.fields()) {
    if (name.size() > kMaxNameBytes) return Fail("fields: expected names of fields", kBadInput);
    ASSIGN_OR_RETURN(refs.emplace_back(), ParseField(name));
  }
  if (!refs.empty()) return refs;
  for (const std::string_view name : kDefaultFields) {
    ASSIGN_OR_RETURN(refs.emplace_back(), ParseField(name));
  }
  return refs;
}

alert::FieldValue ToFieldValue(const fields::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  const bool none = std::holds_alternative<fields::Absent>(value) ||
                    std::holds_alternative<fields::Unknown>(value);
  return none ? alert::FieldValue() : alert::FieldValue(fields::ToString(value));
}

std::size_t SizeOf(const WatchedEvent& event) {
  std::size_t bytes = sizeof(event);
  for (const auto& [name, value] : event.fields) {
    const auto* text = std::get_if<std::string>(&value);
    bytes +=
        sizeof(std::string) + sizeof(value) + name.size() + (text != nullptr ? text->size() : 0);
  }
  return bytes;
}

}  // namespace

bool TokenBucket::Refill(std::uint64_t now_ns) {
  if (now_ns > refilled_ns_) {
    const double seconds = static_cast<double>(now_ns - refilled_ns_) / 1e9;
    tokens_ = std::min(per_second_, tokens_ + seconds * per_second_);
    refilled_ns_ = now_ns;
  }
  return tokens_ >= 1;
}

EventWatch::EventWatch(filter::Program program, std::vector<fields::FieldRef> fields,
                       std::uint32_t one_in, std::uint32_t per_second, ClockNs clock_ns)
    : program_(std::move(program)),
      types_(program_.Types()),
      fields_(std::move(fields)),
      one_in_(one_in),
      clock_ns_(clock_ns),
      rate_(per_second),
      ring_(kQueueEvents) {}

Result<std::shared_ptr<EventWatch>> EventWatch::Make(const v1::WatchEventsRequest& request,
                                                     ClockNs clock_ns) {
  if (request.condition().empty() || request.condition().size() > kMaxConditionBytes) {
    return Fail("condition: expected 1 to " + std::to_string(kMaxConditionBytes) + " bytes",
                kBadInput);
  }
  if (request.max_per_second() > kMaxPerSecond) {
    return Fail("max_per_second: expected at most " + std::to_string(kMaxPerSecond), kBadInput);
  }
  ASSIGN_OR_RETURN(CompiledCondition compiled,
                   CompileCondition("condition", request.condition(), kMaxRegexes));
  ASSIGN_OR_RETURN(std::vector<fields::FieldRef> refs, ParseFields(request));
  const std::uint32_t rate =
      request.max_per_second() == 0 ? kDefaultPerSecond : request.max_per_second();
  return std::shared_ptr<EventWatch>(new EventWatch(std::move(compiled.program), std::move(refs),
                                                    std::max(request.one_in(), 1U), rate,
                                                    clock_ns));
}

std::uint64_t EventWatch::SteadyNs() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void EventWatch::Offer(const state::EnrichedEvent& event, std::string_view hostname,
                       const Redactor* redactor) noexcept {
  if (closed_ || !types_[event.event.type()]) return;
  const std::uint64_t began_ns = clock_ns_();
  if (!work_.Refill(began_ns)) {
    ++not_asked_;
    return;
  }
  Ask(event, hostname, redactor);
  work_.Spend(clock_ns_() - began_ns);
}

void EventWatch::Ask(const state::EnrichedEvent& event, std::string_view hostname,
                     const Redactor* redactor) {
  const fields::FieldContext asked{event, arena_, hostname};
  if (program_.Run(fields::FieldSource(asked), arena_) != filter::Answer::kNo) {
    if (matched_++ % one_in_ != 0) {
      ++sampled_out_;
    } else if (!rate_.Refill(event.event.header().time_ns)) {
      ++over_rate_;
    } else {
      rate_.Spend(1);
      Keep({event, arena_, hostname, redactor});
    }
  }
  arena_.Reset();
}

void EventWatch::Keep(const fields::FieldContext& context) {
  const std::size_t at = pushed_.load(std::memory_order_relaxed);
  if (at - taken_.load(std::memory_order_acquire) >= kQueueEvents || queued_bytes_ >= kQueueBytes) {
    ++dropped_;
    return;
  }
  WatchedEvent& told = ring_[at % kQueueEvents];
  told = Tell(context);
  queued_bytes_ += SizeOf(told);
  pushed_.store(at + 1, std::memory_order_release);
}

// Arguments are masked one by one where fields take them from; this is for secrets elsewhere.
WatchedEvent EventWatch::Tell(const fields::FieldContext& context) const {
  WatchedEvent told;
  told.time_ns = static_cast<std::int64_t>(context.header().time_ns) + context.event.wall_offset_ns;
  told.type = context.event.event.name();
  told.fields.reserve(fields_.size());
  for (const fields::FieldRef& ref : fields_) {
    alert::FieldValue value = ToFieldValue(fields::Get(ref, context));
    auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && context.redactor != nullptr) {
      if (auto masked = context.redactor->Redact(*text)) *text = *std::move(masked);
    }
    told.fields.emplace_back(fields::ToString(ref), std::move(value));
  }
  return told;
}

std::vector<WatchedEvent> EventWatch::Take() {
  const std::lock_guard lock(takers_);
  const std::size_t first = taken_.load(std::memory_order_relaxed);
  const std::size_t end = pushed_.load(std::memory_order_acquire);
  std::vector<WatchedEvent> taken;
  taken.reserve(end - first);
  for (std::size_t at = first; at < end; ++at) {
    WatchedEvent& event = ring_[at % kQueueEvents];
    queued_bytes_ -= SizeOf(event);
    taken.push_back(std::exchange(event, {}));
  }
  taken_.store(end, std::memory_order_release);
  return taken;
}

WatchCounts EventWatch::counts() const {
  return {not_asked_, matched_, sampled_out_, over_rate_, dropped_};
}

}  // namespace nezuban::rpc
