// SPDX-License-Identifier: Apache-2.0
// Runs real acts in a child and gives the records they made:
//
//   Harness harness;
//   Recorded recorded = harness.Run([] { for (int i = 0; i < 7; ++i) Exec(...); });
//   ASSERT_EQ(recorded.Of<exec_record>().size(), 7u);
//
// The kind of sensor comes from NEZUBAN_TEST_SENSORS (object, tracepoint or auto, the default).
// Where BPF cannot run these tests fail; none is skipped.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/owned_record.h"
#include "probe/probe_source.h"
#include "testlib/temp_dir.h"

namespace nezuban::bpf_test {

using testlib::TempDir;

// Ends the child with a message where an act's preparation fails.
void Require(bool condition, const char* what);
#define REQUIRE_OK(condition) ::nezuban::bpf_test::Require((condition), #condition)

// A record's own bytes.
class Owned {
 public:
  explicit Owned(std::span<const std::byte> bytes) : record_(bytes) {}
  event::Event event() const;

 private:
  event::OwnedRecord record_;
};

// A record of one type, with its strings.
template <typename Record>
class Found {
 public:
  explicit Found(const Owned& owned) : event_(owned.event()), record_(event_.As<Record>()) {}
  const Record* operator->() const { return record_; }
  const record_header& header() const { return event_.header(); }
  const event::Event& event() const { return event_; }
  std::string Text(const str_ref& ref) const { return std::string(event_.String(ref).bytes); }
  bool Truncated(const str_ref& ref) const { return event_.String(ref).truncated(); }

 private:
  event::Event event_;
  const Record* record_;
};

// What was recorded of one child and its descendants, in order. Owns the records.
class Recorded {
 public:
  Recorded(pid_t child, std::deque<Owned> all) : child_(child), all_(std::move(all)) {}

  pid_t child() const { return child_; }
  const std::deque<Owned>& all() const { return all_; }

  template <typename Record>
  std::vector<Found<Record>> Of() const {
    std::vector<Found<Record>> found;
    for (const Owned& owned : all_)
      if (owned.event().As<Record>() != nullptr) found.emplace_back(owned);
    return found;
  }

 private:
  pid_t child_;
  std::deque<Owned> all_;
};

class Harness {
 public:
  // On the sensors that all tests share, since loading them takes seconds in an emulated guest.
  // What was recorded before is gone, and all events are wanted.
  Harness();

  // On sensors of its own.
  explicit Harness(const probe::ProbeOptions& options);

  // Without a proof, so that no record but the test's is made.
  static probe::ProbeOptions DefaultOptions();

  // The same with only these events beside process life and cgroups: in an emulated guest, loading
  // all sensors takes a minute.
  static probe::ProbeOptions FewEvents(std::initializer_list<event::EventType> events = {});

  probe::ProbeSource& source() { return *source_; }

  // Runs `act` in a forked child and waits until it and its descendants' records are read. The
  // child must end with 0: `act` returns, or ends or replaces the process itself.
  Recorded Run(const std::function<void()>& act);

  // The same for any way to end; `status` as wait(2) gives it.
  Recorded Run(const std::function<void()>& act, int& status);

  // Everything there is to read now, of anybody.
  std::deque<Owned> ReadAll();

 private:
  void Read(std::chrono::milliseconds timeout, std::deque<Owned>& into);

  std::unique_ptr<probe::ProbeSource> own_;
  probe::ProbeSource* source_;
};

// Writes the smallest program there is: it ends with 0. Gives its path.
std::string MakeProgram(const std::string& path);

// In the child: forks, executes and waits; the grandchild must end with 0.
void SpawnAndWait(const std::string& path, const std::vector<std::string>& args);

// In the child: replaces it. Does not return.
void Exec(const std::string& path, const std::vector<std::string>& args);

// Of /proc: the start of a process in clock ticks since boot, and the inode number of one of its
// namespaces ("pid", "mnt").
std::uint64_t StartTicks(pid_t pid);
std::uint32_t NamespaceInode(pid_t pid, const char* name);
std::uint64_t TicksOf(std::uint64_t start_ns);

// A device number as the records have it.
std::uint32_t KernelDev(dev_t dev);

// A cgroup of the default hierarchy, removed in the end. Its id is its directory's inode number.
class TestCgroup {
 public:
  explicit TestCgroup(const std::string& name, const TestCgroup* parent = nullptr);
  ~TestCgroup();
  std::uint64_t id() const { return id_; }
  const std::string& directory() const { return directory_; }
  // From the root of the hierarchy: "/name".
  const std::string& path() const { return path_; }
  // Moves the calling process in. In the child.
  void Enter() const;

 private:
  std::string directory_;
  std::string path_;
  std::uint64_t id_ = 0;
};
std::string CgroupRoot();
std::uint64_t RootCgroupId();

}  // namespace nezuban::bpf_test
