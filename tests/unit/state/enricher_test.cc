// SPDX-License-Identifier: Apache-2.0
#include "state/enricher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "testlib/record_builder.h"

namespace nezuban::state {
namespace {

using testlib::Actor;
using testlib::Cgroup;
using testlib::Draft;
using testlib::Exec;
using testlib::Fork;
using testlib::kCgroupMkdir;
using testlib::kCgroupRmdir;
using testlib::Record;

constexpr std::uint64_t kHostSlice = 10;
constexpr std::uint64_t kBox = 11;
const std::string kBoxPath = "/system.slice/docker-" + std::string(64, 'a') + ".scope";

class EnricherTest : public testing::Test {
 protected:
  void SetUp() override {
    containers_.Add(kHostSlice, 1, "/system.slice");
    containers_.Add(kBox, kHostSlice, kBoxPath);
  }

  // What an event says of its task, read while the event is valid.
  struct Seen {
    std::string process, container, origin;
  };
  template <typename R>
  Seen Apply(Draft<R> draft) {
    const Record record = draft.Build();
    const event::Event event = record.event();
    const EnrichedEvent enriched = enricher_.Apply(event);
    EXPECT_EQ(&enriched.processes, &processes_);
    EXPECT_EQ(enriched.event.type(), event.type());
    const auto id = [](const Container* c) { return c != nullptr ? c->id : "(not known)"; };
    return {enriched.process->comm, id(enriched.container), id(enriched.origin)};
  }
  static Actor At(std::uint64_t cgroup_id, std::uint64_t origin = 0, std::uint32_t flags = 0) {
    return {.tgid = 20,
            .start_ns = 205,
            .comm = "sh",
            .cgroup_id = cgroup_id,
            .origin_cgroup_id = origin,
            .flags = flags};
  }

  ProcessTable processes_;
  ContainerTable containers_;
  Enricher enricher_{processes_, containers_};
};

TEST_F(EnricherTest, SaysWhereATaskIsAndWhereItCameFrom) {
  struct Row {
    const char* what;
    std::uint32_t tgid;
    Actor actor;
    const char *container, *origin;
  };
  for (Row row : {
           Row{"on the host", 20, At(kHostSlice), "host", "host"},
           Row{"in a container", 30, At(kBox, kBox), "aaaaaaaaaaaa", "aaaaaaaaaaaa"},
           Row{"escaped to the host", 40, At(kHostSlice, kBox), "host", "aaaaaaaaaaaa"},
           Row{"an unknown cgroup", 50, At(99), "(not known)", "(not known)"},
           Row{"an unknown origin's cgroup", 60, At(kHostSlice, 99), "host", "(not known)"},
           Row{"an origin that was lost", 70, At(kHostSlice, 0, RECORD_ORIGIN_UNKNOWN), "host",
               "(not known)"},
           Row{"a container the kernel side did not know", 80, At(kBox), "aaaaaaaaaaaa",
               "aaaaaaaaaaaa"},
       }) {
    row.actor.tgid = row.tgid;
    const Seen seen = Apply(Draft<connect_record>(row.actor));
    EXPECT_EQ(seen.process, "sh") << row.what;
    EXPECT_EQ(seen.container, row.container) << row.what;
    EXPECT_EQ(seen.origin, row.origin) << row.what;
  }
}

// The kernel side may have lost the origin; what was known of the process still counts.
TEST_F(EnricherTest, AKnownOriginSurvivesALostOne) {
  Apply(Draft<dup_record>(At(kBox, kBox)));
  EXPECT_EQ(Apply(Draft<dup_record>(At(kHostSlice, 0, RECORD_ORIGIN_UNKNOWN))).origin,
            "aaaaaaaaaaaa");
}

TEST_F(EnricherTest, TheFirstExecInANewContainerKnowsIt) {
  const std::string path = "/kubepods/pod1/" + std::string(64, 'b');
  Apply(Cgroup(kCgroupMkdir, 50, 1, path, {.comm = "runc"}));
  Apply(Fork({.tgid = 10, .start_ns = 105, .comm = "shim", .cgroup_id = kHostSlice}, 20, 205));
  const Seen seen = Apply(Exec(At(50, 50), "/bin/sh", "sh"));
  EXPECT_EQ(seen.container, "bbbbbbbbbbbb");
  EXPECT_EQ(seen.origin, "bbbbbbbbbbbb");
  EXPECT_TRUE(processes_.Find({20, 205})->exec_in_container);
}

TEST_F(EnricherTest, AnEscapedProcessStillNamesTheContainerThatIsGone) {
  Apply(Exec(At(kBox, kBox), "/bin/sh"));
  Apply(Cgroup(kCgroupRmdir, kBox, kHostSlice, kBoxPath, {.comm = "runc", .time_ns = 1000}));
  auto later = Cgroup(kCgroupMkdir, 60, 1, "/x", {.time_ns = 3'600'000'000'000});
  Apply(std::move(later));
  EXPECT_EQ(Apply(Draft<connect_record>(At(kHostSlice, kBox))).origin, "aaaaaaaaaaaa");
}

TEST_F(EnricherTest, WallClockIsTheBootClockAndTheOffset) {
  const Record record = Draft<dup_record>(At(kHostSlice)).Build();
  const event::Event event = record.event();
  for (int i = 0; i < 2; ++i) {
    enricher_.Learn(AnchorItem{ReadWallOffset()});
    timespec boot{};
    ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &boot), 0);
    const std::int64_t wall =
        enricher_.Apply(event).wall_offset_ns + boot.tv_sec * 1'000'000'000LL + boot.tv_nsec;
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    EXPECT_LT(std::llabs(now.count() - wall), 1'000'000'000);
  }
}

TEST_F(EnricherTest, AProcessThatWasFoundHasTheOriginOfItsCgroup) {
  ProcfsProcess found;
  found.tgid = 20;
  found.start_ticks = 1;
  found.comm = "sh";
  enricher_.Learn(ProcessItem{found});
  ASSERT_NE(processes_.FindByTgid(20), nullptr);
  EXPECT_EQ(processes_.FindByTgid(20)->origin_cgroup_id, 0u);
  found.tgid = 21;
  found.cgroup_id = kBox;
  enricher_.Learn(ProcessItem{found});
  EXPECT_EQ(processes_.FindByTgid(21)->origin_cgroup_id, kBox);
  enricher_.Learn(LivingItem{{21}, 1'000'000'000'000});
  EXPECT_NE(processes_.FindByTgid(20)->exit_ns, 0u);
  EXPECT_EQ(processes_.FindByTgid(21)->exit_ns, 0u);
}

}  // namespace
}  // namespace nezuban::state
