// SPDX-License-Identifier: Apache-2.0
#include "rpc/event_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "nezuban/v1/admin_service.pb.h"
#include "state/enricher.h"
#include "testlib/record_builder.h"

namespace nezuban::rpc {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kSecond = 1'000'000'000;

v1::WatchEventsRequest OfCondition(const std::string& condition) {
  v1::WatchEventsRequest request;
  request.set_condition(condition);
  return request;
}

// As if conditions took no time.
std::uint64_t FreeClock() { return 0; }

// Offers events to a watch, at times of the test's choice.
class Offering {
 public:
  explicit Offering(const v1::WatchEventsRequest& request,
                    EventWatch::ClockNs clock_ns = FreeClock) {
    auto made = EventWatch::Make(request, clock_ns);
    EXPECT_TRUE(made) << made.error().message;
    if (made) watch = *made;
  }

  void Exec(const std::string& exe, int times = 1, std::uint64_t time_ns = kSecond) {
    const testlib::Record record =
        testlib::Exec(testlib::Actor{.tgid = 7, .time_ns = time_ns}, exe, argv).Build();
    const event::Event event = record.event();
    const state::EnrichedEvent enriched{
        event, &processes_.Apply(event, 0), nullptr, nullptr, processes_, 5};
    for (int i = 0; i < times; ++i) watch->Offer(enriched, "node-1", redactor);
  }

  std::shared_ptr<EventWatch> watch;
  const Redactor* redactor = nullptr;
  std::string_view argv;

 private:
  state::ProcessTable processes_;
};

TEST(EventWatch, TellsWhatSatisfiesTheCondition) {
  v1::WatchEventsRequest request = OfCondition("evt.type = execve and proc.exepath = /bin/a");
  request.add_fields("proc.exepath");
  request.add_fields("proc.pid");
  request.add_fields("fd.name");
  Offering offering(request);
  offering.Exec("/bin/a");
  offering.Exec("/bin/b");
  const std::vector<WatchedEvent> events = offering.watch->Take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "execve");
  EXPECT_EQ(events[0].time_ns, static_cast<std::int64_t>(kSecond) + 5);
  const std::vector<std::pair<std::string, alert::FieldValue>> fields = {
      {"proc.exepath", std::string("/bin/a")}, {"proc.pid", std::int64_t{7}}, {"fd.name", {}}};
  EXPECT_EQ(events[0].fields, fields);
  EXPECT_TRUE(offering.watch->Take().empty());
  EXPECT_EQ(offering.watch->counts().matched, 1u);
}

TEST(EventWatch, WhatMightSatisfyItIsToldToo) {
  Offering offering(OfCondition("container.id = abc"));
  offering.Exec("/bin/a");  // in a container that is not known
  EXPECT_EQ(offering.watch->Take().size(), 1u);
}

TEST(EventWatch, SamplesAndKeepsToItsRate) {
  v1::WatchEventsRequest request = OfCondition("evt.type = execve");
  request.set_one_in(3);
  request.set_max_per_second(10);
  Offering offering(request);
  offering.Exec("/bin/a", 60);
  EXPECT_EQ(offering.watch->Take().size(), 10u);
  EXPECT_EQ(offering.watch->counts().matched, 60u);
  EXPECT_EQ(offering.watch->counts().sampled_out, 40u);
  EXPECT_EQ(offering.watch->counts().over_rate, 10u);
  offering.Exec("/bin/a", 3, kSecond + kSecond / 2);  // half a second later: five more
  EXPECT_EQ(offering.watch->Take().size(), 1u);
}

// As if the condition took a millisecond each time.
std::uint64_t dear_now_ns = kSecond;
std::uint64_t DearClock() { return std::exchange(dear_now_ns, dear_now_ns + 1'000'000); }

TEST(EventWatch, TakesNoMoreThanItsShareOfTheIngestThread) {
  Offering offering(OfCondition("proc.exepath = /bin/b"), DearClock);
  constexpr std::uint64_t kOffered = 100;
  offering.Exec("/bin/a", kOffered);
  // The share of the first second, and of the time that went by: a tenth of it.
  const std::uint64_t not_asked = offering.watch->counts().not_asked;
  EXPECT_NEAR(static_cast<double>(kOffered - not_asked), 22, 3);
  // What happened over an hour, read at once, takes no more.
  for (std::uint64_t i = 0; i < kOffered; ++i) offering.Exec("/bin/a", 1, i * 36 * kSecond);
  EXPECT_NEAR(static_cast<double>(offering.watch->counts().not_asked - not_asked), 97, 3);
  dear_now_ns += kSecond;
  offering.Exec("/bin/b");  // it is asked again
  EXPECT_EQ(offering.watch->Take().size(), 1u);
}

TEST(EventWatch, DropsNothingForAReaderThatIsThere) {
  v1::WatchEventsRequest request = OfCondition("evt.type = execve");
  request.set_max_per_second(EventWatch::kMaxPerSecond);
  request.add_fields("proc.exepath");
  Offering offering(request);
  std::atomic<std::uint64_t> read = 0;
  std::vector<WatchedEvent> events;
  constexpr std::uint64_t kEvents = 20'000;
  std::jthread reader([&] {
    while (read < kEvents) {
      for (WatchedEvent& event : offering.watch->Take()) events.push_back(std::move(event));
      read = events.size() + offering.watch->counts().dropped;
    }
  });
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    while (i > read + EventWatch::kQueueEvents / 2) std::this_thread::yield();
    offering.Exec("/bin/" + std::to_string(i), 1, kSecond + i * 1'000'000);
  }
  reader.join();
  EXPECT_EQ(offering.watch->counts().dropped, 0u);
  ASSERT_EQ(events.size(), kEvents);
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    ASSERT_EQ(std::get<std::string>(events[i].fields[0].second), "/bin/" + std::to_string(i));
  }
}

TEST(EventWatch, DecidesByWhatIsThereAndTellsWhatMayBeSeen) {
  using namespace std::string_view_literals;
  v1::WatchEventsRequest request = OfCondition("proc.cmdline contains hunter2");
  request.add_fields("proc.cmdline");
  const auto redactor = Redactor::Make();
  ASSERT_TRUE(redactor);
  Offering offering(request);
  offering.redactor = redactor->get();
  offering.argv = "mysql\0--password=hunter2\0"sv;
  offering.Exec("/bin/mysql");
  const std::vector<WatchedEvent> events = offering.watch->Take();
  ASSERT_EQ(events.size(), 1u);
  const auto& told = std::get<std::string>(events[0].fields[0].second);
  EXPECT_THAT(told, HasSubstr("--password=***"));
  EXPECT_THAT(told, testing::Not(HasSubstr("hunter2")));
}

TEST(EventWatch, WhatIsNotReadIsDroppedAndCounted) {
  v1::WatchEventsRequest request = OfCondition("evt.type = execve");
  request.set_max_per_second(EventWatch::kMaxPerSecond);
  Offering offering(request);
  offering.Exec("/bin/a", 1000);
  offering.Exec("/bin/a", 500, 2 * kSecond);
  const std::size_t told = offering.watch->Take().size();
  const WatchCounts counts = offering.watch->counts();
  EXPECT_LE(told, EventWatch::kQueueEvents);
  EXPECT_GE(counts.dropped, 500u);
  EXPECT_EQ(counts.matched, told + counts.dropped);
  offering.watch->Close();
  offering.Exec("/bin/a", 1, 3 * kSecond);
  EXPECT_TRUE(offering.watch->Take().empty());
}

TEST(EventWatch, SaysWhatIsWrongWithTheRequest) {
  const auto problem = [](const v1::WatchEventsRequest& request) {
    const auto made = EventWatch::Make(request);
    return made ? "" : made.error().message;
  };
  EXPECT_THAT(problem(OfCondition("")), HasSubstr("condition: expected 1 to 4096 bytes"));
  EXPECT_THAT(problem(OfCondition(std::string(5000, 'x'))), HasSubstr("expected 1 to 4096 bytes"));
  EXPECT_THAT(problem(OfCondition("evt.tpye = execve")),
              HasSubstr("unknown field 'evt.tpye', did you mean"));
  v1::WatchEventsRequest request = OfCondition("evt.type = execve");
  request.set_max_per_second(1001);
  EXPECT_THAT(problem(request), HasSubstr("max_per_second: expected at most 1000"));
  request.set_max_per_second(0);
  request.add_fields("proc.nmae");
  EXPECT_EQ(problem(request), "fields: unknown field 'proc.nmae', did you mean 'proc.name'?");
  request.clear_fields();
  for (int i = 0; i <= EventWatch::kMaxFields; ++i) request.add_fields("proc.name");
  EXPECT_THAT(problem(request), HasSubstr("fields: expected at most 32"));
}

TEST(EventWatch, KnowsItsEvents) {
  EXPECT_EQ(Offering(OfCondition("evt.type = execve")).watch->types().count(), 1u);
  EXPECT_GE(Offering(OfCondition("proc.name = a")).watch->types().count(), std::size_t{NR_EVENTS});
}

}  // namespace
}  // namespace nezuban::rpc
