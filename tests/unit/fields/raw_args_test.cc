// SPDX-License-Identifier: Apache-2.0
// evt.rawarg: parameters as the numbers and texts they are.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "fields/event_args.h"
#include "fields/known_args.h"
#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

TEST(RawArgs, OfAnOpenAreWhatTheCallerPassed) {
  Reader reader;
  Draft<open_record> open(Actor{}, EVENT_OPEN, 1);
  open.Text(open->path, "/etc/shadow").Text(open->name, "../etc/shadow");
  open->flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  open->mode = 0755;
  open->dirfd = AT_FDCWD;
  open->result = -EACCES;
  const auto record = open.Build();
  EXPECT_EQ(reader.Text(record, "evt.rawarg.name"), "../etc/shadow");
  EXPECT_EQ(reader.Text(record, "evt.rawarg.flags"), std::to_string(2 + 4 + 8 + (1 << 12)));
  EXPECT_EQ(reader.Text(record, "evt.rawarg.mode"), "493");
  EXPECT_EQ(reader.Text(record, "evt.rawarg.dirfd"), "-100");
  EXPECT_EQ(reader.Text(record, "evt.rawarg.resolve"), "absent");
}

TEST(RawArgs, OfCallsAreNumbers) {
  Reader reader;
  Draft<fork_record> fork(Actor{});
  fork->flags = CLONE_VM | CLONE_THREAD | CLONE_NEWUSER;
  EXPECT_EQ(reader.Text(fork.Build(), "evt.rawarg.flags"),
            std::to_string(1 << 15 | 1 << 13 | 1 << 20));
  Draft<mount_record> mount(Actor{});
  mount->flags = MS_RDONLY | MS_BIND;
  mount->result = -EPERM;
  EXPECT_EQ(reader.Text(mount.Build(), "evt.rawarg.flags"), "4097");
  EXPECT_EQ(reader.Text(mount.Build(), "evt.rawarg.res"), "-1");
  Draft<socket_record> socket(Actor{});
  socket->domain = AF_UNIX;
  socket->type = SOCK_DGRAM | SOCK_CLOEXEC;
  EXPECT_EQ(reader.Text(socket.Build(), "evt.rawarg.domain"), "1");
  EXPECT_EQ(reader.Text(socket.Build(), "evt.rawarg.type"), "2");
  Draft<call_record> setuid(Actor{}, EVENT_SETUID, 0);
  setuid->arg[0] = 0xffffffffU;
  EXPECT_EQ(reader.Text(setuid.Build(), "evt.rawarg.uid"), "4294967295");
  Draft<call_record> ptrace(Actor{}, EVENT_PTRACE, 0);
  ptrace->arg[0] = 16;
  EXPECT_EQ(reader.Text(ptrace.Build(), "evt.rawarg.request"), "16");
}

// An event of nothing but zeros.
testlib::Record Empty(int type, std::uint8_t variant) {
  std::vector<std::byte> bytes(event::EventTable()[static_cast<std::size_t>(type)].fixed_size);
  record_header header{};
  header.size = static_cast<std::uint32_t>(bytes.size());
  header.type = static_cast<event::EventType>(type);
  header.variant = variant;
  header.lane = event::EventTable()[header.type].lane;
  header.tgid = header.tid = 1;
  std::memcpy(bytes.data(), &header, sizeof(header));
  return testlib::Record(bytes);
}

// Of every parameter of every event: a number where the language says that it is one, else a text.
TEST(RawArgs, AreOfTheTypeThatConditionsCompareThemAs) {
  Reader reader;
  std::set<std::string> seen;
  for (const EventArg& arg : EventArgs()) {
    for (std::uint8_t variant = 0; variant < 8; ++variant) {
      const auto type = static_cast<event::EventType>(arg.event);
      if ((arg.names >> variant & 1) == 0 || event::NameOf(type, variant).empty()) continue;
      const testlib::Record record = Empty(arg.event, variant);
      const event::Event event = record.event();
      const state::EnrichedEvent enriched = reader.Enrich(event);
      const FieldContext context{enriched, reader.arena, "node-1"};
      const Value value = EventArgRaw(context, {Argument::Kind::kKey, 0, std::string(arg.name)});
      if (std::holds_alternative<Absent>(value) || std::holds_alternative<Unknown>(value)) continue;
      const KnownArg* known = FindKnownArg(arg.name);
      const bool number = known != nullptr && known->raw == Type::kInt;
      EXPECT_EQ(std::holds_alternative<std::int64_t>(value), number)
          << event::NameOf(type, variant) << ' ' << arg.name;
      seen.emplace(arg.name);
    }
  }
  EXPECT_GT(seen.size(), 60U);
}

}  // namespace
}  // namespace nezuban::fields
