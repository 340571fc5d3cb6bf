// SPDX-License-Identifier: Apache-2.0
#include "fields/file_flags.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <string>

#include "fields/flag_names.h"

namespace nezuban::fields {
namespace {

#if defined(__aarch64__)
constexpr std::uint64_t kLargeFile = 0400000;
#else
constexpr std::uint64_t kLargeFile = 0100000;  // glibc's O_LARGEFILE is 0 on 64-bit machines
#endif
constexpr std::uint64_t kTmpFile = O_TMPFILE & ~O_DIRECTORY;

// Before and after the access mode.
constexpr FlagName kOpenFlags[] = {
    {kLargeFile, "O_LARGEFILE", 1 << 11}, {O_DIRECTORY, "O_DIRECTORY", 1 << 10},
    {O_DIRECT, "O_DIRECT", 1 << 9},       {O_TRUNC, "O_TRUNC", 1 << 8},
    {O_SYNC, "O_SYNC", 1 << 7},           {O_NONBLOCK, "O_NONBLOCK", 1 << 6},
    {O_EXCL, "O_EXCL", 1 << 5},           {O_DSYNC, "O_DSYNC", 1 << 4},
    {O_APPEND, "O_APPEND", 1 << 3},       {O_CREAT, "O_CREAT", 1 << 2},
};
constexpr FlagName kOpenFlagsAfter[] = {{O_CLOEXEC, "O_CLOEXEC", 1 << 12},
                                        {kTmpFile, "O_TMPFILE", 1 << 13}};
constexpr FlagName kFileFlags[] = {{FILE_CREATED, "O_F_CREATED", 1 << 14},
                                   {FILE_UPPER_LAYER, "FD_UPPER_LAYER", 1 << 15},
                                   {FILE_LOWER_LAYER, "FD_LOWER_LAYER", 1 << 16}};
constexpr std::int64_t kReads = 1 << 0;
constexpr std::int64_t kWrites = 1 << 1;

constexpr FlagName kResolveFlags[] = {
    {RESOLVE_BENEATH, "RESOLVE_BENEATH"},
    {RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT"},
    {RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS"},
    {RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS"},
    {RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV"},
    {RESOLVE_CACHED, "RESOLVE_CACHED"},
};

constexpr FlagName kRenameFlags[] = {
    {1 << 0, "RENAME_NOREPLACE"}, {1 << 1, "RENAME_EXCHANGE"}, {1 << 2, "RENAME_WHITEOUT"}};

// AT_REMOVEDIR of unlinkat; the others have no use for that bit.
constexpr FlagName kAtFlags[] = {{AT_REMOVEDIR, "AT_REMOVEDIR"},
                                 {AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
                                 {AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"},
                                 {AT_EMPTY_PATH, "AT_EMPTY_PATH"}};

constexpr FlagName kModeBits[] = {
    {S_IXOTH, "S_IXOTH"}, {S_IWOTH, "S_IWOTH"}, {S_IROTH, "S_IROTH"}, {S_IXGRP, "S_IXGRP"},
    {S_IWGRP, "S_IWGRP"}, {S_IRGRP, "S_IRGRP"}, {S_IXUSR, "S_IXUSR"}, {S_IWUSR, "S_IWUSR"},
    {S_IRUSR, "S_IRUSR"}, {S_ISVTX, "S_ISVTX"}, {S_ISGID, "S_ISGID"}, {S_ISUID, "S_ISUID"},
};

// Numbers, not bits; without one it is a regular file.
constexpr FlagName kFileTypes[] = {{0, "S_IFREG"},       {S_IFREG, "S_IFREG"},
                                   {S_IFCHR, "S_IFCHR"}, {S_IFBLK, "S_IFBLK"},
                                   {S_IFIFO, "S_IFIFO"}, {S_IFSOCK, "S_IFSOCK"}};

}  // namespace

std::string_view OpenFlags(std::uint64_t flags, std::uint16_t file_flags, Arena& arena) {
  std::string text;
  AddNames(text, flags, kOpenFlags);
  const bool reads = OpensToRead(flags);
  const bool writes = OpensToWrite(flags);
  AddName(text, reads && writes ? "O_RDWR" : writes ? "O_WRONLY" : "O_RDONLY");
  AddNames(text, flags, kOpenFlagsAfter);
  AddNames(text, file_flags, kFileFlags);
  return arena.Copy(text);
}

std::int64_t OpenNumber(std::uint64_t flags, std::uint16_t file_flags) {
  return (OpensToRead(flags) ? kReads : 0) | (OpensToWrite(flags) ? kWrites : 0) |
         FlagNumber(flags, kOpenFlags) | FlagNumber(flags, kOpenFlagsAfter) |
         FlagNumber(file_flags, kFileFlags);
}

std::string_view ResolveFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kResolveFlags, arena);
}

std::string_view RenameFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kRenameFlags, arena);
}

std::string_view AtFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kAtFlags, arena);
}

std::string_view ModeBits(std::uint32_t mode, Arena& arena) {
  return FlagNames(mode, kModeBits, arena);
}

std::string_view NodeMode(std::uint32_t mode, Arena& arena) {
  std::string text;
  AddNames(text, mode, kModeBits);
  for (const FlagName& type : kFileTypes)
    if ((mode & S_IFMT) == type.bits) AddName(text, type.name);
  return text.empty() ? std::string_view("0") : arena.Copy(text);
}

// 3, the access mode without a name, opens for ioctl only.
bool OpensToRead(std::uint64_t flags) { return (flags & O_ACCMODE) != O_WRONLY; }
bool OpensToWrite(std::uint64_t flags) { return (flags & O_ACCMODE) != O_RDONLY; }

bool OpensToCreate(std::uint64_t flags) { return (flags & (O_CREAT | kTmpFile)) != 0; }

std::string_view OctalMode(std::uint32_t mode, Arena& arena) {
  std::array<char, 16> digits{'0'};
  if (mode == 0) return "0";
  const auto end = std::to_chars(digits.data() + 1, digits.data() + digits.size(), mode, 8).ptr;
  return arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view HexMode(std::uint32_t mode, Arena& arena) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mode, 16).ptr;
  return arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace nezuban::fields
