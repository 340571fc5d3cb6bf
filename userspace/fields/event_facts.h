// SPDX-License-Identifier: Apache-2.0
// What an event has of the things that many have: a result, a descriptor, a socket, a file. One row
// an event; the rows and the events' own parameters stand together, a file a family of events
// (process_events.cc, mount_events.cc, socket_events.cc, …).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fields/convert.h"
#include "fields/field.h"

namespace nezuban::fields {

// Which end of its socket the process holds. kNone: there is no other end yet.
enum class SocketRole : std::uint8_t { kUnknown, kNone, kClient, kServer };

// Names of files that a call makes, changes or removes. Resolved or made absolute; raw: as passed.
struct PathFacts {
  Value (*name)(const FieldContext& context);
  Value (*name_raw)(const FieldContext& context);
  Value (*source)(const FieldContext& context);
  Value (*source_raw)(const FieldContext& context);
  Value (*target)(const FieldContext& context);
  Value (*target_raw)(const FieldContext& context);
  // The names in the order of the call: of one that has two the old one, then the new one.
  Value (*first)(const FieldContext& context);
  Value (*second)(const FieldContext& context);
};

// Each getter is called on events of that type only; nullptr: the event has no such thing.
struct EventFacts {
  int event;                  // EVENT_*
  std::string_view category;  // evt.category
  // 0, a descriptor, a pid or -errno. Unknown where the sensor ran before the act.
  Value (*result)(const FieldContext& context) = nullptr;
  // Number of the descriptor the event is about. Unknown where the sensor does not see it.
  Value (*fd)(const FieldContext& context) = nullptr;
  // What the descriptor is: a socket, or …
  const endpoints* (*socket)(const FieldContext& context) = nullptr;
  SocketRole (*role)(const FieldContext& context) = nullptr;     // nullptr: kUnknown
  Value (*socket_name)(const FieldContext& context) = nullptr;   // of a unix socket
  Value (*name_changed)(const FieldContext& context) = nullptr;  // fd.name_changed; nullptr: false
  // … a file: its inode and its resolved path.
  const file_ref* (*file)(const FieldContext& context) = nullptr;
  Value (*file_name)(const FieldContext& context) = nullptr;
  Value (*file_name_raw)(const FieldContext& context) = nullptr;  // as the caller passed it
  const PathFacts* paths = nullptr;
};

// The rows with a result, for FieldDef::events; a unit test holds them together.
inline constexpr std::uint64_t kEventsWithResult = On({
    EVENT_EXEC,   EVENT_FORK,   EVENT_MOUNT,  EVENT_DUP,         EVENT_CONNECT,   EVENT_NAMESPACE,
    EVENT_SOCKET, EVENT_BIND,   EVENT_LISTEN, EVENT_ACCEPT,      EVENT_SEND,      EVENT_RECV,
    EVENT_OPEN,   EVENT_ROOT,   EVENT_PTRACE, EVENT_SIGNAL,      EVENT_BPF,       EVENT_MODULE,
    EVENT_KEYCTL, EVENT_SETUID, EVENT_CAPSET, EVENT_CREDENTIALS, EVENT_MOUNT_API, EVENT_RENAME,
    EVENT_UNLINK, EVENT_MKDIR,  EVENT_LINK,   EVENT_CHMOD,       EVENT_MKNOD,     EVENT_CHOWN,
    EVENT_UTIME,  EVENT_MEMFD,  EVENT_MMAP,
});

// Those about a socket, those about a file, and those with a descriptor of whatever kind.
inline constexpr std::uint64_t kEventsWithSocket = On({
    EVENT_CONNECT,
    EVENT_DUP,
    EVENT_SOCKET,
    EVENT_BIND,
    EVENT_LISTEN,
    EVENT_ACCEPT,
    EVENT_SEND,
    EVENT_RECV,
    EVENT_RECVFD,
});
inline constexpr std::uint64_t kEventsWithFile = On({
    EVENT_OPEN,
    EVENT_RECVFD,
    EVENT_MEMFD,
    EVENT_MMAP,
    EVENT_CHMOD,  // of a descriptor
    EVENT_CHOWN,
});
inline constexpr std::uint64_t kEventsWithFd = kEventsWithSocket | kEventsWithFile;

// Those about names of files, and those of them that have two.
inline constexpr std::uint64_t kEventsWithPaths = On({
    EVENT_RENAME,
    EVENT_UNLINK,
    EVENT_MKDIR,
    EVENT_LINK,
    EVENT_CHMOD,
    EVENT_MKNOD,
    EVENT_CHOWN,
    EVENT_UTIME,
});
inline constexpr std::uint64_t kEventsWithTwoPaths = On({EVENT_RENAME, EVENT_LINK});

// Of the event at hand.
const EventFacts& FactsOf(const FieldContext& context);

// All rows, by EVENT_*.
std::span<const EventFacts> EventFactsTable();

// REQUIRES: the event carries that record.
template <typename Record>
const Record& As(const FieldContext& context) {
  return *context.event.event.As<Record>();
}

// A string of the record; Unknown where the sensor could not read it.
template <typename Record>
Value RecordText(const FieldContext& context, str_ref Record::*ref) {
  return FromText(context.event.event.String(As<Record>(context).*ref));
}

// `result` of the record, but for sensors that ran before the act.
template <typename Record>
Value RecordResult(const FieldContext& context) {
  if ((context.header().flags & RECORD_RESULT_UNKNOWN) != 0) return Unknown{};
  return std::int64_t{As<Record>(context).result};
}

// A descriptor; -1 in the record says that the sensor does not see it.
inline Value FdNumber(std::int32_t fd) {
  return fd < 0 ? Value(Unknown{}) : Value(std::int64_t{fd});
}

// The descriptor of a directory that a path is relative to; "AT_FDCWD" for the working directory.
Value DirectoryFd(std::int32_t fd);

// evt.rawres, evt.res, evt.failed, and the parameter `res`.
Value EventResult(const FieldContext& context);
Value EventResultText(const FieldContext& context);

}  // namespace nezuban::fields
