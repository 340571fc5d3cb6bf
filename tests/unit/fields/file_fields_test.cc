// SPDX-License-Identifier: Apache-2.0
// Fields of the events on files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "fields/file_flags.h"
#include "fields/file_path.h"
#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

enum { kOpen, kOpenat, kOpenat2, kCreat, kByHandle };
constexpr std::uint32_t kNamespace = 4026531840;

Draft<open_record> Open(std::uint8_t variant, std::string_view path, std::string_view name,
                        std::string_view dir = "") {
  Draft<open_record> open(Actor{.tgid = 20, .comm = "cat"}, EVENT_OPEN, variant);
  open.Text(open->path, path).Text(open->name, name).Text(open->dir, dir);
  open->dirfd = AT_FDCWD;
  open->hdr.mnt_ns = kNamespace;
  if (!path.empty())
    open->file = {.ino = 77,
                  .dev = 8u << 20 | 0x101,
                  .nlink = 2,
                  .mnt_ns = kNamespace,
                  .mode = S_IFREG | 0600};
  return open;
}

void Expect(Draft<open_record>& open, std::initializer_list<Case> cases) {
  Reader reader;
  const auto record = open.Build();
  for (const Case& c : cases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(OpenFields, OfAFile) {
  auto open = Open(kOpenat, "/etc/shadow", "../etc//shadow");
  open->dirfd = 5;
  open->flags = O_RDWR | O_CLOEXEC | O_CREAT;
  open->mode = 0644;
  open->result = 4;
  Expect(open, {{"evt.type", "openat"},
                {"evt.category", "file"},
                {"evt.rawres", "4"},
                {"evt.res", "SUCCESS"},
                {"evt.failed", "false"},
                {"evt.is_open_read", "true"},
                {"evt.is_open_write", "true"},
                {"evt.is_open_exec", "false"},
                {"evt.is_open_create", "false"},
                {"evt.abspath", "/etc/shadow"},
                {"fs.path.name", "/etc/shadow"},
                {"fs.path.nameraw", "../etc//shadow"},
                {"fd.num", "4"},
                {"fd.name", "/etc/shadow"},
                {"fd.nameraw", "../etc//shadow"},
                {"fd.directory", "/etc"},
                {"fd.containerdirectory", "host:/etc"},
                {"fd.filename", "shadow"},
                {"fd.type", "file"},
                {"fd.typechar", "f"},
                {"fd.l4proto", "<NA>"},
                {"fd.connected", "false"},
                {"fd.name_changed", "true"},
                {"fd.sip", "absent"},
                {"fd.ino", "77"},
                {"fd.dev", "1050625"},
                {"fd.dev.major", "8"},
                {"fd.dev.minor", "257"},
                {"fd.nlink", "2"},
                {"fd.is_upper_layer", "false"},
                {"fd.is_block_device", "false"},
                {"fd.foreign", "false"},
                {"fd.mount", "own"},
                {"evt.arg.fd", "<f>/etc/shadow"},
                {"evt.arg.dirfd", "5"},
                {"evt.arg.name", "/etc/shadow"},
                {"evt.arg.flags", "O_CREAT|O_RDWR|O_CLOEXEC"},
                {"evt.arg.mode", "0644"},
                {"evt.arg[6]", "77"},
                {"evt.arg.path", "absent"}});
}

TEST(OpenFields, OfAFailure) {
  auto open = Open(kOpen, "", "./a//../secret/", "/home/me");
  open->result = -EACCES;
  open->flags = O_WRONLY;
  Expect(open, {{"evt.rawres", "-13"},
                {"evt.failed", "true"},
                {"evt.is_open_read", "false"},
                {"evt.is_open_write", "true"},
                {"fd.num", "-1"},
                {"fd.name", "/home/me/secret"},
                {"fd.nameraw", "./a//../secret/"},
                {"fd.directory", "/home/me"},
                {"fd.filename", "absent"},
                {"fd.type", "absent"},
                {"fd.typechar", "f"},
                {"fd.ino", "absent"},
                {"fd.is_block_device", "absent"},
                {"fd.mount", "absent"},
                {"evt.arg.fd", "EACCES"},
                {"evt.arg.name", "/home/me/secret"},
                {"evt.arg.flags", "O_WRONLY"},
                {"evt.arg.mode", "0"}});
}

TEST(OpenFields, OfABlockDevice) {
  auto open = Open(kOpenat, "/tmp/notes.txt", "notes.txt");
  open->file.mode = S_IFBLK | 0600;
  Expect(open, {{"fd.is_block_device", "true"}, {"fd.type", "file"}});
}

TEST(OpenFields, OfADirectory) {
  auto open = Open(kOpenat, "/etc", "/etc");
  open->file.mode = S_IFDIR | 0755;
  Expect(open, {{"fd.type", "directory"},
                {"fd.typechar", "d"},
                {"fd.directory", "/etc"},
                {"fd.filename", "absent"},
                {"evt.arg.dirfd", "AT_FDCWD"},
                {"evt.arg.fd", "<d>/etc"}});
}

TEST(OpenFields, ArgumentsOfTheOtherCalls) {
  auto openat2 = Open(kOpenat2, "/x", "/x");
  openat2->resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV;
  Expect(openat2, {{"evt.arg.resolve", "RESOLVE_BENEATH|RESOLVE_NO_XDEV"},
                   {"evt.arg[5]", "RESOLVE_BENEATH|RESOLVE_NO_XDEV"}});
  auto creat = Open(kCreat, "/x", "/x");
  creat->flags = O_CREAT | O_WRONLY | O_TRUNC;
  creat->mode = 0711;
  creat->file.flags = FILE_CREATED | FILE_UPPER_LAYER;
  Expect(creat, {{"evt.is_open_exec", "true"},
                 {"evt.is_open_create", "true"},
                 {"evt.arg.flags", "absent"},
                 {"evt.arg.creat_flags", "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED|FD_UPPER_LAYER"}});
  auto by_handle = Open(kByHandle, "/x/y", "");
  Expect(by_handle,
         {{"evt.arg.mountfd", "AT_FDCWD"}, {"evt.arg.path", "/x/y"}, {"evt.arg.name", "absent"}});
  auto failed = Open(kByHandle, "", "");
  failed->result = -ESTALE;
  Expect(failed, {{"evt.arg.path", "absent"}, {"fd.name", "absent"}});
}

TEST(OpenFields, WhatIsNotKnown) {
  auto unreadable = Open(kOpen, "", "");
  unreadable.Text(unreadable->name, "", STR_TOTAL_UNKNOWN);
  unreadable->result = -EFAULT;
  Expect(unreadable, {{"fd.name", "unknown"}, {"fd.nameraw", "unknown"}});
  auto no_dir = Open(kOpenat, "", "shadow");
  Expect(no_dir, {{"fd.name", "unknown"}, {"fd.nameraw", "shadow"}});
  // Of a path too long the end is there, and says nothing about where it lies.
  auto too_long = Open(kOpen, "/tail", "tail");
  too_long.Text(too_long->path, "/tail", STR_TOTAL_UNKNOWN);
  Expect(too_long, {{"fd.name", "unknown"}, {"fd.directory", "unknown"}, {"fd.nameraw", "tail"}});
  auto no_result = Open(kOpenat, "/x", "/x");
  no_result->hdr.flags = RECORD_RESULT_UNKNOWN;
  Expect(no_result, {{"fd.num", "unknown"}, {"evt.rawres", "unknown"}, {"evt.arg.fd", "unknown"}});
}

TEST(OpenFields, WhoseTheMountIs) {
  auto foreign = Open(kOpen, "/etc/shadow", "/proc/1/root/etc/shadow");
  foreign->file.mnt_ns = kNamespace + 1;
  Expect(foreign, {{"fd.foreign", "true"}, {"fd.mount", "foreign"}});
  auto detached = Open(kOpen, "/x", "x");
  detached->file.mnt_ns = 0;
  detached->file.flags = FILE_DETACHED;
  Expect(detached, {{"fd.foreign", "false"}, {"fd.mount", "detached"}});
  auto internal = Open(kOpen, "memfd:x", "/proc/self/fd/3");
  internal->file.mnt_ns = 0;
  Expect(internal, {{"fd.foreign", "absent"}, {"fd.mount", "absent"}, {"fd.name", "memfd:x"}});
  Reader reader;
  auto exec = testlib::Exec({.tgid = 20}, "/bin/sh");
  exec->hdr.mnt_ns = kNamespace;
  exec->exe_file = {.ino = 5, .mnt_ns = kNamespace + 1};
  EXPECT_EQ(reader.Text(exec.Build(), "fd.foreign"), "true");
  EXPECT_EQ(reader.Text(exec.Build(), "fd.name"), "absent");
  EXPECT_EQ(reader.Text(exec.Build(), "evt.is_open_read"), "false");
}

TEST(FilePath, Join) {
  Arena arena;
  EXPECT_EQ(JoinPath("/a/b", "c", arena), "/a/b/c");
  EXPECT_EQ(JoinPath("/a/b", "/c/./d//", arena), "/c/d");
  EXPECT_EQ(JoinPath("/a", "../../..", arena), "/");
  EXPECT_EQ(JoinPath("/", "", arena), "/");
  EXPECT_EQ(JoinPath("/a/b", "../x/...", arena), "/a/x/...");
}

TEST(FilePath, DirectoryAndName) {
  EXPECT_EQ(Reader::Print(DirectoryOf("/x")), "/");
  EXPECT_EQ(Reader::Print(DirectoryOf("memfd:x")), "absent");
  EXPECT_EQ(Reader::Print(BaseName("memfd:x")), "memfd:x");
  EXPECT_EQ(Reader::Print(BaseName(Unknown{})), "unknown");
}

TEST(FileFlags, InTheOrderOfTheTables) {
  Arena arena;
  EXPECT_EQ(OpenFlags(0, 0, arena), "O_RDONLY");
  EXPECT_EQ(OpenFlags(O_SYNC | O_APPEND | O_EXCL | O_NONBLOCK | O_TRUNC, 0, arena),
            "O_TRUNC|O_SYNC|O_NONBLOCK|O_EXCL|O_DSYNC|O_APPEND|O_RDONLY");
  EXPECT_EQ(OpenFlags(O_TMPFILE | O_RDWR, 0, arena), "O_DIRECTORY|O_RDWR|O_TMPFILE");
  EXPECT_EQ(OpenFlags(O_DIRECT | O_DSYNC, FILE_LOWER_LAYER, arena),
            "O_DIRECT|O_DSYNC|O_RDONLY|FD_LOWER_LAYER");
  EXPECT_TRUE(OpensToCreate(O_TMPFILE));
  EXPECT_FALSE(OpensToCreate(O_DIRECTORY));
}

}  // namespace
}  // namespace nezuban::fields
