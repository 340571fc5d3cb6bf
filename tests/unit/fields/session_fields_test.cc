// SPDX-License-Identifier: Apache-2.0
// Commands put into a running container, told from what its own first process started.
#include <gtest/gtest.h>

#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Argv;

constexpr std::uint64_t kBox = 50;
constexpr char kIs[] = "proc.is_exec_session";

class SessionFieldsTest : public testing::Test {
 protected:
  // `tgid`, a child of `parent`, executes `argv` in the container's cgroup, or outside.
  testlib::Record Exec(std::uint32_t tgid, std::uint32_t parent,
                       std::initializer_list<std::string_view> argv, bool inside,
                       std::uint32_t vpid = 1) {
    auto exec = testlib::Exec({.tgid = tgid, .start_ns = tgid * 100ULL, .comm = *argv.begin()},
                              "/bin/" + std::string(*argv.begin()), Argv(argv));
    exec->ppid = parent;
    exec->parent_start_ns = parent * 100ULL;
    exec->vpid = vpid;
    testlib::Record record = exec.Build();
    reader_.processes.Apply(record.event(), inside ? kBox : 0);
    return record;
  }

  std::string Read(const testlib::Record& record, std::string_view field = kIs) {
    const event::Event event = record.event();
    const state::Process* process = reader_.processes.FindByTgid(event.header().tgid);
    const state::EnrichedEvent enriched{event,         process,           &reader_.host,
                                        &reader_.host, reader_.processes, 0};
    return reader_.Text(enriched, field);
  }

  Reader reader_;
};

TEST_F(SessionFieldsTest, OfACommandPutIntoTheContainerAndItsChildren) {
  Exec(10, 1, {"containerd-shim"}, false);
  Exec(20, 10, {"runc", "--root", "/run", "exec", "--process", "/tmp/p", "web"}, false);
  const auto shell = Exec(30, 20, {"sh", "-i"}, true, 7);
  const auto child = Exec(40, 30, {"id"}, true, 8);
  for (const auto& record : {shell, child}) {
    EXPECT_EQ(Read(record), "true");
    EXPECT_EQ(Read(record, "proc.exec_session.cmdline"), "sh -i");
    EXPECT_EQ(Read(record, "proc.exec_session.runtime"),
              "runc --root /run exec --process /tmp/p web");
  }
}

TEST_F(SessionFieldsTest, NotOfTheContainersOwnProcess) {
  Exec(20, 1, {"runc", "--root", "/run", "create", "web"}, false);
  const auto init = Exec(30, 20, {"web"}, true, 5);  // the pod's processes share a namespace
  const auto child = Exec(40, 30, {"exec"}, true, 6);
  for (const auto& record : {init, child}) {
    EXPECT_EQ(Read(record), "false");
    EXPECT_EQ(Read(record, "proc.exec_session.cmdline"), "absent");
    EXPECT_EQ(Read(record, "proc.exec_session.runtime"), "absent");
  }
}

TEST_F(SessionFieldsTest, NotOutsideOfContainers) {
  EXPECT_EQ(Read(Exec(20, 1, {"runc", "exec", "web"}, false)), "false");
}

// Whatever a container calls its programs and arguments, a runtime is what is outside.
TEST_F(SessionFieldsTest, ANameInsideDeceivesNobody) {
  Exec(20, 1, {"runc", "create", "web"}, false);
  Exec(30, 20, {"web"}, true);
  Exec(40, 30, {"runc", "exec", "x"}, true, 2);
  EXPECT_EQ(Read(Exec(50, 40, {"sh"}, true, 3)), "false");
}

TEST_F(SessionFieldsTest, WhoseStartWasNotSeenIsUnknownUnlessItIsTheFirst) {
  EXPECT_EQ(Read(Exec(30, 20, {"web"}, true, 1)), "false");
  const auto later = Exec(31, 21, {"sh"}, true, 9);
  EXPECT_EQ(Read(later), "unknown");
  EXPECT_EQ(Read(later, "proc.exec_session.cmdline"), "unknown");
}

}  // namespace
}  // namespace nezuban::fields
