// SPDX-License-Identifier: Apache-2.0
#include "event/decode.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "testlib/record_builder.h"

namespace nezuban::event {
namespace {

using testlib::Actor;
using testlib::Cgroup;
using testlib::Draft;
using testlib::Record;

// Several events share that record.
Record OneCall(int type) {
  Draft<call_record> call{Actor{}, type, 0};
  call.Text(call->text[0], "/proc/1/root").Text(call->text[1], "name");
  return call.Build();
}

Record OnePathCall(EventType type) {
  Draft<path_record> call(Actor{}, type, 0);
  call.Text(call->path, "/tmp/a").Text(call->name, "a").Text(call->dir, "/tmp");
  call.Text(call->new_path, "/b").Text(call->new_name, "b").Text(call->new_dir, "/");
  return call.Build();
}

Record OneNodeCall(EventType type) {
  Draft<node_record> node(Actor{}, type, 0);
  path_record& call = node->call;
  node.Text(call.path, "/tmp/a").Text(call.name, "a").Text(call.dir, "/tmp");
  node.Text(call.new_path, "/b").Text(call.new_name, "b").Text(call.new_dir, "/");
  return node.Build();
}

// One valid record of each type, in their order, with a text in every string.
std::vector<Record> OneOfEach() {
  const std::uint64_t calls = kTypesOfRecord<call_record>;
  const std::uint64_t path_calls = kTypesOfRecord<path_record>;
  const std::uint64_t node_calls = kTypesOfRecord<node_record>;
  std::vector<Record> records;
  auto exec = testlib::Exec({.comm = "sh"}, "/bin/sh", testlib::Argv({"sh", "-c", "id"}), "/root");
  exec.Text(exec->env, testlib::Argv({"HOME=/root"}));
  for (str_ref& name : exec->stdio_names) exec.Text(name, "/dev/pts/0");
  records.push_back(exec.Build());
  records.push_back(testlib::Fork({}, 101, 1500).Build());
  records.push_back(testlib::Exit({}, 9).Build());
  records.push_back(Cgroup(testlib::kCgroupMkdir, 40, 1, "/system.slice").Build());
  Draft<mount_record> mount{Actor{}};
  mount.Text(mount->source, "proc").Text(mount->fstype, "proc").Text(mount->target, "/mnt");
  records.push_back(mount.Build());
  records.push_back(Draft<dup_record>(Actor{}, 1).Build());
  Draft<connect_record> connect{Actor{}};
  connect.Text(connect->path, "/run/docker.sock");
  records.push_back(connect.Build());
  records.push_back(Draft<socket_record>{Actor{}}.Build());
  for (const int type : {EVENT_BIND, EVENT_LISTEN}) {
    Draft<bind_record> bind{Actor{}, type, 0};
    records.push_back(bind.Text(bind->path, "/run/docker.sock").Build());
  }
  Draft<accept_record> accept{Actor{}};
  records.push_back(accept.Text(accept->path, "/run/docker.sock").Build());
  for (const int type : {EVENT_SEND, EVENT_RECV}) {
    Draft<message_record> message{Actor{}, type, 0};
    records.push_back(message.Text(message->path, "/run/systemd/notify").Build());
  }
  Draft<recvfd_record> recvfd{Actor{}};
  records.push_back(recvfd.Text(recvfd->path, "/etc/shadow").Build());
  Draft<open_record> open{Actor{}};
  open.Text(open->path, "/etc/passwd").Text(open->name, "passwd").Text(open->dir, "/etc");
  records.push_back(open.Build());
  for (EventType type = 0; type < NR_EVENTS; ++type)
    if ((path_calls >> type & 1) != 0) records.push_back(OnePathCall(type));
  for (EventType type = 0; type < NR_EVENTS; ++type)
    if ((node_calls >> type & 1) != 0) records.push_back(OneNodeCall(type));
  for (EventType type = 0; type < NR_EVENTS; ++type)
    if ((calls >> type & 1) != 0) records.push_back(OneCall(type));
  records.push_back(Draft<credentials_record>(Actor{}).Build());
  std::map<EventType, Record> by_type;
  for (const Record& record : records) by_type.emplace(record.event().type(), record);
  std::vector<Record> sorted;
  for (const auto& [type, record] : by_type) sorted.push_back(record);
  return sorted;
}

std::span<const str_ref> StringsOf(const Event& event) {
  const auto* refs = reinterpret_cast<const str_ref*>(event.bytes().data() + sizeof(record_header));
  return {refs, static_cast<std::size_t>(EventTable()[event.type()].strings)};
}

// Whether everything an accessor can reach lies in the record.
bool StaysInside(const Event& event) {
  const auto* begin = reinterpret_cast<const char*>(event.bytes().data());
  const char* end = begin + event.bytes().size();
  const std::size_t fixed = EventTable()[event.type()].fixed_size;
  for (const str_ref& ref : StringsOf(event)) {
    const Text text = event.String(ref);
    if (text.total < text.bytes.size()) return false;
    if (text.bytes.empty()) continue;
    if (text.bytes.data() < begin + fixed || text.bytes.data() + text.bytes.size() > end) {
      return false;
    }
  }
  return !event.name().empty() && event.comm().size() <= COMM_LEN;
}

TEST(Decode, AcceptsOneOfEachTypeAndReadsItBack) {
  const std::vector<Record> records = OneOfEach();
  ASSERT_EQ(records.size(), static_cast<std::size_t>(NR_EVENTS));
  for (std::size_t type = 0; type < records.size(); ++type) {
    const auto event = Decode(records[type].bytes());
    ASSERT_TRUE(event.has_value()) << type;
    EXPECT_EQ(event->type(), type);
    EXPECT_TRUE(StaysInside(*event)) << type;
    EXPECT_EQ(event->bytes().size(), records[type].bytes().size());
    for (const str_ref& ref : StringsOf(*event)) EXPECT_FALSE(event->String(ref).bytes.empty());
  }
  const auto exec = Decode(records[EVENT_EXEC].bytes());
  const auto* record = exec->As<exec_record>();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(exec->As<fork_record>(), nullptr);
  EXPECT_EQ(exec->String(record->exe).bytes, "/bin/sh");
  EXPECT_EQ(exec->String(record->args).bytes, testlib::Argv({"sh", "-c", "id"}));
  EXPECT_EQ(exec->comm(), "sh");
  EXPECT_EQ(exec->name(), "execve");
}

// Whatever the length says: a record cut short or with bytes behind it is none.
TEST(Decode, RejectsEveryTruncation) {
  for (const Record& record : OneOfEach()) {
    for (std::size_t size = 0; size < record.bytes().size(); ++size) {
      const Record cut(record.bytes().first(size));
      EXPECT_FALSE(Decode(cut.bytes()).has_value()) << size;
    }
  }
}

// The header tells the new length; but the last string always ends with the record, and is cut.
TEST(Decode, RejectsEveryTruncationThatTellsItsLength) {
  for (const Record& record : OneOfEach()) {
    for (std::size_t size = sizeof(record_header); size < record.bytes().size(); ++size) {
      Record cut(record.bytes().first(size));
      const auto told = static_cast<__u32>(size);
      std::memcpy(cut.mutable_bytes().data(), &told, sizeof(told));
      EXPECT_FALSE(Decode(cut.bytes()).has_value()) << size << " of " << record.bytes().size();
    }
  }
}

TEST(Decode, StaysInsideWithEveryByteFlipped) {
  constexpr std::uint8_t kMasks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
  int accepted = 0;
  int rejected = 0;
  for (const Record& record : OneOfEach()) {
    for (std::size_t at = 0; at < record.bytes().size(); ++at) {
      for (const std::uint8_t mask : kMasks) {
        Record flipped(record);
        flipped.mutable_bytes()[at] ^= std::byte{mask};
        const auto event = Decode(flipped.bytes());
        event ? ++accepted : ++rejected;
        EXPECT_TRUE(!event || StaysInside(*event)) << at << " ^ " << int{mask};
      }
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(rejected, 0);
}

TEST(Decode, JudgesEachPartOfTheHeader) {
  struct Row {
    const char* what;
    std::function<void(exec_record&)> change;
    bool accepted;
  };
  const std::size_t fixed = sizeof(exec_record);
  for (const Row& row : {
           Row{"nothing", [](exec_record&) {}, true},
           Row{"size one less", [](exec_record& r) { --r.hdr.size; }, false},
           Row{"size one more", [](exec_record& r) { ++r.hdr.size; }, false},
           Row{"unknown type", [](exec_record& r) { r.hdr.type = NR_EVENTS; }, false},
           Row{"another type's lane", [](exec_record& r) { r.hdr.lane = LANE_BULK; }, false},
           Row{"second variant", [](exec_record& r) { r.hdr.variant = 1; }, true},
           Row{"variant without a name", [](exec_record& r) { r.hdr.variant = 2; }, false},
           Row{"highest variant", [](exec_record& r) { r.hdr.variant = 255; }, false},
           Row{"string in the fixed part", [](exec_record& r) { r.exe.off = 8; }, false},
           Row{"string begins at the end",
               [=](exec_record& r) {
                 r.exe = {static_cast<__u16>(r.hdr.size), 1, 1};
               },
               false},
           Row{"string ends past the end",
               [=](exec_record& r) {
                 r.exe = {static_cast<__u16>(r.hdr.size - 1), 2, 2};
               },
               false},
           Row{"last byte",
               [=](exec_record& r) {
                 r.exe = {static_cast<__u16>(r.hdr.size - 1), 1, 1};
               },
               true},
           Row{"offset and length wrap",
               [](exec_record& r) {
                 r.exe = {0xffff, 0xffff, 0xffff};
               },
               false},
           Row{"longer than at its source", [](exec_record& r) { r.exe.total = r.exe.len - 1; },
               false},
           Row{"truncated", [](exec_record& r) { r.exe.total = 9999; }, true},
           Row{"empty, nowhere",
               [](exec_record& r) {
                 r.exe = {0, 0, 0};
               },
               true},
           Row{"empty, unreadable",
               [](exec_record& r) {
                 r.exe = {0, 0, STR_TOTAL_UNKNOWN};
               },
               true},
           Row{"empty, past the end",
               [](exec_record& r) {
                 r.exe = {0xffff, 0, 0};
               },
               false},
           Row{"strings share bytes",
               [=](exec_record& r) {
                 r.exe = {static_cast<__u16>(fixed), 3, 3};
               },
               true},
       }) {
    Record record = testlib::Exec({}, "/bin/sh", testlib::Argv({"sh"})).Build();
    exec_record fixed_part;
    std::memcpy(&fixed_part, record.bytes().data(), sizeof(fixed_part));
    row.change(fixed_part);
    std::memcpy(record.mutable_bytes().data(), &fixed_part, sizeof(fixed_part));
    EXPECT_EQ(Decode(record.bytes()).has_value(), row.accepted) << row.what;
  }
}

TEST(Decode, RejectsRecordsLargerThanAnyCanBe) {
  auto exec = testlib::Exec({}, "/bin/sh", std::string(RECORD_MAX, 'x'));
  EXPECT_FALSE(Decode(exec.Build().bytes()).has_value());
}

TEST(Decode, TellsTruncatedAndUnreadableText) {
  auto exec = testlib::Exec({}, "/bin/sh");
  exec.Text(exec->args, "abc", 10).Text(exec->cwd, "", STR_TOTAL_UNKNOWN);
  const Record record = exec.Build();
  const Event event = record.event();
  const auto& fixed = *event.As<exec_record>();
  EXPECT_FALSE(event.String(fixed.exe).truncated());
  EXPECT_TRUE(event.String(fixed.args).truncated());
  EXPECT_EQ(event.String(fixed.args).total, 10u);
  EXPECT_TRUE(event.String(fixed.cwd).truncated());
}

}  // namespace
}  // namespace nezuban::event
