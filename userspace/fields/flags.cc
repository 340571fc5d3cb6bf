// SPDX-License-Identifier: Apache-2.0
#include "fields/flags.h"

#include <sys/socket.h>

#include <cstring>
#include <iterator>

#include "fields/flag_names.h"

namespace nezuban::fields {
namespace {

// The bits of mount(2), include/uapi/linux/mount.h.
constexpr FlagName kMountFlags[] = {
    {1u << 0, "MS_RDONLY"},     {1u << 1, "MS_NOSUID"},       {1u << 2, "MS_NODEV"},
    {1u << 3, "MS_NOEXEC"},     {1u << 4, "MS_SYNCHRONOUS"},  {1u << 5, "MS_REMOUNT"},
    {1u << 6, "MS_MANDLOCK"},   {1u << 7, "MS_DIRSYNC"},      {1u << 8, "MS_NOSYMFOLLOW"},
    {1u << 10, "MS_NOATIME"},   {1u << 11, "MS_NODIRATIME"},  {1u << 12, "MS_BIND"},
    {1u << 13, "MS_MOVE"},      {1u << 14, "MS_REC"},         {1u << 15, "MS_SILENT"},
    {1u << 16, "MS_POSIXACL"},  {1u << 17, "MS_UNBINDABLE"},  {1u << 18, "MS_PRIVATE"},
    {1u << 19, "MS_SLAVE"},     {1u << 20, "MS_SHARED"},      {1u << 21, "MS_RELATIME"},
    {1u << 23, "MS_I_VERSION"}, {1u << 24, "MS_STRICTATIME"}, {1u << 25, "MS_LAZYTIME"},
};

// The bits of clone(2), include/uapi/linux/sched.h, in the order in which they are printed.
constexpr FlagName kCloneFlags[] = {
    {0x400, "CLONE_FILES", 1 << 0},
    {0x200, "CLONE_FS", 1 << 1},
    {0x80000000, "CLONE_IO", 1 << 2},
    {0x08000000, "CLONE_NEWIPC", 1 << 3},
    {0x40000000, "CLONE_NEWNET", 1 << 4},
    {0x00020000, "CLONE_NEWNS", 1 << 5},
    {0x20000000, "CLONE_NEWPID", 1 << 6},
    {0x04000000, "CLONE_NEWUTS", 1 << 7},
    {0x00008000, "CLONE_PARENT", 1 << 8},
    {0x00100000, "CLONE_PARENT_SETTID", 1 << 9},
    {0x00002000, "CLONE_PTRACE", 1 << 10},
    {0x00000800, "CLONE_SIGHAND", 1 << 11},
    {0x00040000, "CLONE_SYSVSEM", 1 << 12},
    {0x00010000, "CLONE_THREAD", 1 << 13},
    {0x00800000, "CLONE_UNTRACED", 1 << 14},
    {0x00000100, "CLONE_VM", 1 << 15},
    {0x10000000, "CLONE_NEWUSER", 1 << 20},
    {0x00200000, "CLONE_CHILD_CLEARTID", 1 << 23},
    {0x01000000, "CLONE_CHILD_SETTID", 1 << 24},
    {0x00080000, "CLONE_SETTLS", 1 << 25},
    {0x00004000, "CLONE_VFORK", 1 << 27},
    {0x02000000, "CLONE_NEWCGROUP", 1 << 28},
    {0x00000080, "CLONE_NEWTIME"},
    {0x200000000, "CLONE_INTO_CGROUP"},
};

// include/linux/net.h
constexpr FlagName kSocketFlags[] = {{SOCK_NONBLOCK, "SOCK_NONBLOCK"},
                                     {SOCK_CLOEXEC, "SOCK_CLOEXEC"}};

// By number, include/linux/socket.h.
constexpr std::string_view kSocketDomains[] = {
    "AF_UNSPEC",     "AF_LOCAL|AF_UNIX", "AF_INET",     "AF_AX25",  "AF_IPX",     "AF_APPLETALK",
    "AF_NETROM",     "AF_BRIDGE",        "AF_ATMPVC",   "AF_X25",   "AF_INET6",   "AF_ROSE",
    "AF_DECnet",     "AF_NETBEUI",       "AF_SECURITY", "AF_KEY",   "AF_NETLINK", "AF_PACKET",
    "AF_ASH",        "AF_ECONET",        "AF_ATMSVC",   "AF_RDS",   "AF_SNA",     "AF_IRDA",
    "AF_PPPOX",      "AF_WANPIPE",       "AF_LLC",      "AF_IB",    "AF_MPLS",    "AF_CAN",
    "AF_TIPC",       "AF_BLUETOOTH",     "AF_IUCV",     "AF_RXRPC", "AF_ISDN",    "AF_PHONET",
    "AF_IEEE802154", "AF_CAIF",          "AF_ALG",      "AF_NFC",   "AF_VSOCK",   "AF_KCM",
    "AF_QIPCRTR",    "AF_SMC",           "AF_XDP",      "AF_MCTP"};

constexpr FlagName kUmountFlags[] = {
    {1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}};

constexpr FlagName kUserfaultfdFlags[] = {
    {0x80000, "O_CLOEXEC"}, {0x800, "O_NONBLOCK"}, {1, "UFFD_USER_MODE_ONLY"}};

// include/uapi/linux/memfd.h
constexpr FlagName kMemfdFlags[] = {{1, "MFD_CLOEXEC"},
                                    {2, "MFD_ALLOW_SEALING"},
                                    {4, "MFD_HUGETLB"},
                                    {8, "MFD_NOEXEC_SEAL"},
                                    {16, "MFD_EXEC"}};

constexpr FlagName kProtFlags[] = {{1, "PROT_READ"},
                                   {2, "PROT_WRITE"},
                                   {4, "PROT_EXEC"},
                                   {8, "PROT_SEM"},
                                   {0x01000000, "PROT_GROWSDOWN"},
                                   {0x02000000, "PROT_GROWSUP"}};

// MAP_SHARED_VALIDATE reads as both of its bits.
constexpr FlagName kMmapFlags[] = {{0x1, "MAP_SHARED"},      {0x2, "MAP_PRIVATE"},
                                   {0x10, "MAP_FIXED"},      {0x20, "MAP_ANONYMOUS"},
                                   {0x40, "MAP_32BIT"},      {0x100, "MAP_GROWSDOWN"},
                                   {0x800, "MAP_DENYWRITE"}, {0x1000, "MAP_EXECUTABLE"},
                                   {0x2000, "MAP_LOCKED"},   {0x4000, "MAP_NORESERVE"},
                                   {0x8000, "MAP_POPULATE"}, {0x10000, "MAP_NONBLOCK"},
                                   {0x20000, "MAP_STACK"},   {0x40000, "MAP_HUGETLB"},
                                   {0x80000, "MAP_SYNC"},    {0x100000, "MAP_FIXED_NOREPLACE"}};

// include/uapi/linux/io_uring.h
constexpr FlagName kIoUringFlags[] = {
    {1u << 0, "IORING_SETUP_IOPOLL"},         {1u << 1, "IORING_SETUP_SQPOLL"},
    {1u << 2, "IORING_SETUP_SQ_AFF"},         {1u << 3, "IORING_SETUP_CQSIZE"},
    {1u << 4, "IORING_SETUP_CLAMP"},          {1u << 5, "IORING_SETUP_ATTACH_WQ"},
    {1u << 6, "IORING_SETUP_R_DISABLED"},     {1u << 7, "IORING_SETUP_SUBMIT_ALL"},
    {1u << 8, "IORING_SETUP_COOP_TASKRUN"},   {1u << 9, "IORING_SETUP_TASKRUN_FLAG"},
    {1u << 10, "IORING_SETUP_SQE128"},        {1u << 11, "IORING_SETUP_CQE32"},
    {1u << 12, "IORING_SETUP_SINGLE_ISSUER"}, {1u << 13, "IORING_SETUP_DEFER_TASKRUN"},
};

constexpr FlagName kModuleFlags[] = {{1, "MODULE_INIT_IGNORE_MODVERSIONS"},
                                     {2, "MODULE_INIT_IGNORE_VERMAGIC"},
                                     {4, "MODULE_INIT_COMPRESSED_FILE"}};

constexpr FlagName kOpenTreeFlags[] = {
    {1, "OPEN_TREE_CLONE"},     {0x80000, "OPEN_TREE_CLOEXEC"}, {0x100, "AT_SYMLINK_NOFOLLOW"},
    {0x800, "AT_NO_AUTOMOUNT"}, {0x1000, "AT_EMPTY_PATH"},      {0x8000, "AT_RECURSIVE"}};

constexpr FlagName kMountAttributes[] = {{1, "MOUNT_ATTR_RDONLY"},
                                         {2, "MOUNT_ATTR_NOSUID"},
                                         {4, "MOUNT_ATTR_NODEV"},
                                         {8, "MOUNT_ATTR_NOEXEC"},
                                         {0x10, "MOUNT_ATTR_NOATIME"},
                                         {0x20, "MOUNT_ATTR_STRICTATIME"},
                                         {0x80, "MOUNT_ATTR_NODIRATIME"},
                                         {0x100000, "MOUNT_ATTR_IDMAP"},
                                         {0x200000, "MOUNT_ATTR_NOSYMFOLLOW"}};

}  // namespace

std::string_view MountFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kMountFlags, arena);
}

std::string_view CloneFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kCloneFlags, arena);
}

std::int64_t CloneNumber(std::uint64_t flags) { return FlagNumber(flags, kCloneFlags); }

std::string_view SocketFlags(std::uint64_t type, Arena& arena) {
  return FlagNames(type, kSocketFlags, arena);
}

std::string_view SocketDomain(std::uint32_t domain, Arena& arena) {
  return domain < std::size(kSocketDomains) ? kSocketDomains[domain] : arena.Number(domain);
}

std::string_view UmountFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kUmountFlags, arena);
}

std::string_view MemfdFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kMemfdFlags, arena);
}

std::string_view ProtFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kProtFlags, arena);
}

std::string_view MmapFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kMmapFlags, arena);
}

std::string_view UserfaultfdFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kUserfaultfdFlags, arena);
}

std::string_view IoUringFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kIoUringFlags, arena);
}

std::string_view ModuleFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kModuleFlags, arena);
}

std::string_view OpenTreeFlags(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kOpenTreeFlags, arena);
}

std::string_view MountAttributes(std::uint64_t flags, Arena& arena) {
  return FlagNames(flags, kMountAttributes, arena);
}

std::string_view ResultName(std::int64_t result, Arena& arena) {
  if (result >= 0) return "SUCCESS";
  const char* name = result >= -4095 ? strerrorname_np(static_cast<int>(-result)) : nullptr;
  return name != nullptr ? std::string_view(name) : arena.Number(result);
}

}  // namespace nezuban::fields
