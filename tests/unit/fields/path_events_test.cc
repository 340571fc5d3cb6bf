// SPDX-License-Identifier: Apache-2.0
// Fields of the events on names of files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

struct Names {
  std::string_view name;
  std::string_view dir;
  std::string_view new_name;
  std::string_view new_dir;
  std::string_view path;
  std::string_view new_path;
};

Draft<path_record> Call(int event, std::uint8_t variant, const Names& names) {
  Draft<path_record> call(Actor{.tgid = 20, .comm = "mv"}, event, variant);
  call.Text(call->path, names.path).Text(call->name, names.name).Text(call->dir, names.dir);
  call.Text(call->new_path, names.new_path).Text(call->new_name, names.new_name);
  call.Text(call->new_dir, names.new_dir);
  call->dirfd = call->new_dirfd = AT_FDCWD;
  return call;
}

Draft<node_record> NodeCall(int event, std::uint8_t variant, const Names& names) {
  Draft<node_record> node(Actor{.tgid = 20, .comm = "mv"}, event, variant);
  path_record& call = node->call;
  node.Text(call.path, names.path).Text(call.name, names.name).Text(call.dir, names.dir);
  node.Text(call.new_path, "").Text(call.new_name, "").Text(call.new_dir, "");
  call.dirfd = call.new_dirfd = AT_FDCWD;
  return node;
}

template <typename Record>
void Expect(Draft<Record>& call, std::initializer_list<Case> cases) {
  Reader reader;
  const auto record = call.Build();
  for (const Case& c : cases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(PathEvents, Rename) {
  auto rename = Call(EVENT_RENAME, 2, {"../a", "/home/me", "/tmp//b/", ""});
  rename->new_dirfd = 7;
  rename->flags = 1 | 2;
  Expect(rename, {{"evt.type", "renameat2"},
                  {"evt.category", "file"},
                  {"evt.rawres", "0"},
                  {"evt.res", "SUCCESS"},
                  {"evt.failed", "false"},
                  {"evt.arg.res", "SUCCESS"},
                  {"evt.arg.olddirfd", "AT_FDCWD"},
                  {"evt.arg.oldpath", "/home/a"},
                  {"evt.arg.newdirfd", "7"},
                  {"evt.arg.newpath", "/tmp/b"},
                  {"evt.arg.flags", "RENAME_NOREPLACE|RENAME_EXCHANGE"},
                  {"evt.arg[0]", "SUCCESS"},
                  {"evt.arg[4]", "/tmp/b"},
                  {"evt.abspath", "/home/a"},
                  {"evt.abspath.src", "/home/a"},
                  {"evt.abspath.dst", "/tmp/b"},
                  {"fs.path.name", "absent"},
                  {"fs.path.nameraw", "absent"},
                  {"fs.path.source", "/home/a"},
                  {"fs.path.sourceraw", "../a"},
                  {"fs.path.target", "/tmp/b"},
                  {"fs.path.targetraw", "/tmp//b/"},
                  {"fd.num", "absent"},
                  {"fd.name", "absent"},
                  {"evt.is_open_write", "false"}});
  auto plain = Call(EVENT_RENAME, 0, {"/a", "", "b", "/c"});
  plain->result = -EACCES;
  Expect(plain, {{"evt.args", "res=EACCES oldpath=/a newpath=/c/b"}, {"evt.rawres", "-13"}});
}

// What the kernel found counts, whatever the names say.
TEST(PathEvents, Resolved) {
  auto rename = Call(EVENT_RENAME, 0, {"loop/./a", "", "../b", "", "/home/me/a", "/home/other/b"});
  Expect(rename, {{"evt.arg.oldpath", "/home/me/a"},
                  {"evt.arg.newpath", "/home/other/b"},
                  {"evt.abspath.src", "/home/me/a"},
                  {"evt.abspath.dst", "/home/other/b"},
                  {"fs.path.source", "/home/me/a"},
                  {"fs.path.sourceraw", "loop/./a"},
                  {"fs.path.target", "/home/other/b"},
                  {"fs.path.targetraw", "../b"}});
  auto link = Call(EVENT_LINK, 1, {"/loop", "", "x", "", "/etc/shadow", "/tmp/x"});
  Expect(link, {{"fs.path.source", "/tmp/x"}, {"fs.path.target", "/etc/shadow"}});
  auto symlink = Call(EVENT_LINK, 2, {"../shadow", "", "loop/s", "", "", "/etc/x/s"});
  Expect(symlink, {{"fs.path.source", "/etc/x/s"},
                   {"fs.path.target", "/etc/shadow"},
                   {"evt.abspath", "/etc/x/s"}});
  auto unlink = Call(EVENT_UNLINK, 0, {"/loop/x", "", "", "", "/etc/x"});
  unlink->file = {.ino = 77, .dev = 8u << 20, .nlink = 1, .mnt_ns = 1, .mode = S_IFREG};
  Expect(unlink, {{"fs.path.name", "/etc/x"},
                  {"fs.path.nameraw", "/loop/x"},
                  {"evt.arg.path", "/etc/x"},
                  {"fd.name", "absent"}});
  auto chown = NodeCall(EVENT_CHOWN, 0, {"x", "", "", "", "/d/y"});
  Expect(chown, {{"fs.path.name", "/d/y"}, {"fs.path.nameraw", "x"}, {"fd.name", "absent"}});
}

TEST(PathEvents, Unlink) {
  auto unlinkat = Call(EVENT_UNLINK, 1, {"x", "/d", "", ""});
  unlinkat->dirfd = 5;
  unlinkat->flags = AT_REMOVEDIR;
  Expect(unlinkat, {{"evt.args", "res=SUCCESS dirfd=5 name=/d/x flags=AT_REMOVEDIR"},
                    {"evt.arg.path", "absent"},
                    {"evt.abspath", "/d/x"},
                    {"evt.abspath.src", "absent"},
                    {"evt.abspath.dst", "absent"},
                    {"fs.path.name", "/d/x"},
                    {"fs.path.nameraw", "x"},
                    {"fs.path.source", "absent"},
                    {"fs.path.target", "absent"}});
  auto unlink = Call(EVENT_UNLINK, 0, {"/x", "", "", ""});
  Expect(unlink, {{"evt.type", "unlink"}, {"evt.args", "res=SUCCESS path=/x"}});
  auto rmdir = Call(EVENT_UNLINK, 2, {"/x/", "", "", ""});
  Expect(rmdir, {{"evt.type", "rmdir"}, {"evt.args", "res=SUCCESS path=/x"}});
}

TEST(PathEvents, Mkdir) {
  auto mkdir = Call(EVENT_MKDIR, 0, {"/x", "", "", ""});
  mkdir->mode = 0755;
  Expect(mkdir, {{"evt.args", "res=SUCCESS path=/x mode=1ed"}, {"fs.path.name", "/x"}});
  auto mkdirat = Call(EVENT_MKDIR, 1, {"x", "/d", "", ""});
  Expect(mkdirat, {{"evt.args", "res=SUCCESS dirfd=AT_FDCWD path=/d/x mode=0"}});
}

TEST(PathEvents, HardLink) {
  auto link = Call(EVENT_LINK, 0, {"/etc/shadow", "", "s", "/tmp"});
  Expect(link, {{"evt.args", "res=SUCCESS oldpath=/etc/shadow newpath=/tmp/s"},
                {"evt.abspath", "/etc/shadow"},
                {"evt.abspath.src", "/etc/shadow"},
                {"evt.abspath.dst", "/tmp/s"},
                {"fs.path.source", "/tmp/s"},
                {"fs.path.sourceraw", "s"},
                {"fs.path.target", "/etc/shadow"},
                {"fs.path.targetraw", "/etc/shadow"}});
  auto linkat = Call(EVENT_LINK, 1, {"", "", "s", "/tmp", "/etc/shadow"});
  linkat->dirfd = 4;
  linkat->flags = AT_EMPTY_PATH;
  Expect(linkat, {{"evt.args",
                   "res=SUCCESS olddir=4 oldpath=/etc/shadow newdir=AT_FDCWD "
                   "newpath=/tmp/s flags=AT_EMPTY_PATH"}});
}

TEST(PathEvents, SymbolicLink) {
  auto symlink = Call(EVENT_LINK, 2, {"../etc/shadow", "", "s", "/tmp"});
  Expect(symlink, {{"evt.args", "res=SUCCESS target=../etc/shadow linkpath=/tmp/s"},
                   {"evt.arg.oldpath", "absent"},
                   {"evt.abspath", "/tmp/s"},
                   {"evt.abspath.src", "absent"},
                   {"evt.abspath.dst", "absent"},
                   {"fs.path.source", "/tmp/s"},
                   {"fs.path.sourceraw", "s"},
                   {"fs.path.target", "/etc/shadow"},
                   {"fs.path.targetraw", "../etc/shadow"}});
  auto symlinkat = Call(EVENT_LINK, 3, {"/etc//shadow", "", "s", "/tmp"});
  symlinkat->new_dirfd = 9;
  Expect(symlinkat, {{"evt.args", "res=SUCCESS target=/etc//shadow linkdirfd=9 linkpath=/tmp/s"},
                     {"fs.path.target", "/etc/shadow"}});
  auto lost = Call(EVENT_LINK, 2, {"shadow", "", "s", ""});
  Expect(lost, {{"fs.path.source", "unknown"}, {"fs.path.target", "unknown"}});
}

TEST(PathEvents, Chmod) {
  auto chmod = Call(EVENT_CHMOD, 0, {"/x", "", "", ""});
  chmod->mode = 04711;
  Expect(chmod, {{"evt.arg.filename", "/x"},
                 {"evt.arg.mode", "S_IXOTH|S_IXGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID"},
                 {"evt.arg.fd", "absent"},
                 {"fd.num", "absent"},
                 {"fd.name", "absent"},
                 {"fd.type", "absent"},
                 {"fs.path.name", "/x"}});
  auto fchmod = Call(EVENT_CHMOD, 1, {"", "", "", "", "/x/y"});
  fchmod->dirfd = 3;
  fchmod->mode = 0100000;
  fchmod->file = {.ino = 77, .dev = 8u << 20, .nlink = 2, .mnt_ns = 1, .mode = S_IFREG};
  Expect(fchmod, {{"evt.args", "res=SUCCESS fd=<f>/x/y mode=0"},
                  {"evt.arg.filename", "absent"},
                  {"fd.num", "3"},
                  {"fd.name", "/x/y"},
                  {"fd.type", "file"},
                  {"fd.nlink", "2"},
                  {"fs.path.name", "/x/y"},
                  {"evt.abspath", "/x/y"}});
  auto fchmodat = Call(EVENT_CHMOD, 2, {"x", "/d", "", ""});
  fchmodat->mode = 02000;
  Expect(fchmodat, {{"evt.args", "res=SUCCESS dirfd=AT_FDCWD filename=/d/x mode=S_ISGID"}});
  auto fchmodat2 = Call(EVENT_CHMOD, 3, {"x", "/d", "", ""});
  fchmodat2->flags = AT_SYMLINK_NOFOLLOW;
  Expect(fchmodat2, {{"evt.args",
                      "res=SUCCESS dirfd=AT_FDCWD filename=/d/x mode=0 "
                      "flags=AT_SYMLINK_NOFOLLOW"}});
}

TEST(PathEvents, Mknod) {
  auto disk = NodeCall(EVENT_MKNOD, 1, {"../sda", "/tmp/x"});
  disk->call.mode = S_IFBLK | 0600;
  disk->dev = 259 << 8 | 5 | 1 << 20;
  Expect(disk, {{"evt.type", "mknodat"},
                {"evt.args",
                 "res=SUCCESS dirfd=AT_FDCWD path=/tmp/sda mode=S_IWUSR|S_IRUSR|S_IFBLK "
                 "dev=1114885 major=259 minor=261"},
                {"fs.path.name", "/tmp/sda"},
                {"fs.path.nameraw", "../sda"},
                {"evt.abspath", "/tmp/sda"},
                {"fd.num", "absent"}});
  auto pipe = NodeCall(EVENT_MKNOD, 0, {"/p", ""});
  pipe->call.mode = S_IFIFO;
  pipe->call.result = -EEXIST;
  Expect(pipe, {{"evt.args", "res=EEXIST path=/p mode=S_IFIFO dev=0 major=<NA> minor=<NA>"},
                {"evt.arg.major", "absent"},
                {"evt.failed", "true"}});
  auto plain = NodeCall(EVENT_MKNOD, 0, {"/p", ""});
  Expect(plain, {{"evt.arg.mode", "S_IFREG"}});
}

TEST(PathEvents, Chown) {
  auto chown = NodeCall(EVENT_CHOWN, 0, {"x", "/d"});
  chown->uid = 1000;
  chown->gid = ~0U;
  Expect(chown, {{"evt.args", "res=SUCCESS path=/d/x uid=1000 gid=4294967295"},
                 {"fd.num", "absent"},
                 {"fs.path.name", "/d/x"}});
  auto fchown = NodeCall(EVENT_CHOWN, 2, {"", "", "", "", "/x/y"});
  fchown->call.dirfd = 3;
  fchown->call.file = {.ino = 77, .dev = 8u << 20, .nlink = 2, .mnt_ns = 1, .mode = S_IFREG};
  Expect(fchown, {{"evt.args", "res=SUCCESS fd=<f>/x/y uid=0 gid=0"},
                  {"fd.num", "3"},
                  {"fd.name", "/x/y"},
                  {"fd.ino", "77"}});
  auto fchownat = NodeCall(EVENT_CHOWN, 3, {"x", "/d"});
  fchownat->call.flags = AT_SYMLINK_NOFOLLOW;
  Expect(fchownat, {{"evt.args",
                     "res=SUCCESS dirfd=AT_FDCWD pathname=/d/x uid=0 gid=0 "
                     "flags=AT_SYMLINK_NOFOLLOW"},
                    {"evt.arg.path", "absent"}});
}

TEST(PathEvents, Times) {
  auto given = NodeCall(EVENT_UTIME, 2, {"x", "/d"});
  given->times = TIMES_GIVEN;
  given->atime = {.s = 5, .ns = UTIME_NOW};
  given->mtime = {.s = 1234567890, .ns = 7};
  Expect(given, {{"evt.type", "utimensat"},
                 {"evt.arg.path", "/d/x"},
                 {"evt.arg.dirfd", "AT_FDCWD"},
                 {"evt.arg.atime", "absent"},
                 {"evt.arg.mtime", "1234567890"},
                 {"evt.arg.flags", "0"}});
  given->mtime.s = std::numeric_limits<std::int64_t>::min();
  Expect(given, {{"evt.arg.age", "9223372036854775807"}});
  given->mtime.ns = UTIME_OMIT;
  Expect(given, {{"evt.arg.mtime", "absent"}, {"evt.arg.age", "absent"}});
  auto now = NodeCall(EVENT_UTIME, 0, {"/x", ""});
  now->times = TIMES_NOW;
  Expect(now, {{"evt.arg.mtime", "absent"}, {"evt.arg.dirfd", "absent"}});
  now->times = TIMES_UNKNOWN;
  Expect(now, {{"evt.arg.mtime", "unknown"}, {"evt.arg.age", "unknown"}});
}

TEST(PathEvents, WhatIsNotKnown) {
  auto unreadable = Call(EVENT_UNLINK, 0, {"", "", "", ""});
  unreadable.Text(unreadable->name, "", STR_TOTAL_UNKNOWN);
  Expect(unreadable, {{"evt.arg.path", "unknown"}, {"fs.path.nameraw", "unknown"}});
  auto no_dir = Call(EVENT_UNLINK, 1, {"x", "", "", ""});
  Expect(no_dir, {{"evt.arg.name", "unknown"}, {"fs.path.nameraw", "x"}});
  auto no_file = Call(EVENT_CHMOD, 1, {"", "", "", ""});
  no_file->result = -EBADF;
  no_file->dirfd = -1;
  Expect(no_file, {{"fd.num", "-1"}, {"evt.arg.fd", "EBADF"}, {"fs.path.name", "absent"}});
}

}  // namespace
}  // namespace nezuban::fields
