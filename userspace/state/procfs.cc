// SPDX-License-Identifier: Apache-2.0
#include "state/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "base/unique_fd.h"
#include "bpf/events.h"

namespace nezuban::state {
namespace {

constexpr std::size_t kStatMax = 4096;     // about 52 numbers and a name of at most 64 bytes
constexpr std::size_t kStatusMax = 16384;  // long lists of groups come after what is read here
constexpr std::size_t kCgroupMax = 16384;  // up to a dozen v1 lines before or after the v2 one

template <typename T>
bool ParseNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes the next word, separated by blanks or tabs, off `text`.
std::string_view NextWord(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return text = {};
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

// At most `limit` bytes of a file; empty if it cannot be read.
std::string ReadSome(int directory, const char* name, std::size_t limit) {
  const UniqueFd fd(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) return {};
  std::string out(limit, '\0');
  std::size_t size = 0;
  while (size < limit) {
    const ssize_t n = ::read(fd.get(), out.data() + size, limit - size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  out.resize(size);
  return out;
}

// The target of a link, at most PATH_LEN_MAX bytes; empty if it cannot be read.
std::string ReadLink(int directory, const char* name) {
  std::array<char, PATH_LEN_MAX> buffer;
  const ssize_t size = ::readlinkat(directory, name, buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

// Inode number of a namespace; 0 if it cannot be read.
std::uint32_t NamespaceOf(int directory, const char* name) {
  struct stat st {};
  return ::fstatat(directory, name, &st, 0) == 0 ? static_cast<std::uint32_t>(st.st_ino) : 0;
}

// "Uid:\treal\teffective\t…"
void ParseIds(std::string_view words, std::uint32_t& real, std::uint32_t& effective) {
  ParseNumber(NextWord(words), real);
  ParseNumber(NextWord(words), effective);
}

// "CapEff:\t000001ffffffffff"
bool ParseCaps(std::string_view words, std::uint64_t& caps) {
  const std::string_view word = NextWord(words);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), caps, 16);
  return error == std::errc() && end == word.data() + word.size();
}

// Strings that each end with a NUL, at most `limit` bytes of them.
void ReadStrings(int directory, const char* name, std::size_t limit, std::string& out,
                 bool& truncated) {
  out = ReadSome(directory, name, limit + 1);
  if (out.size() > limit) {
    out.resize(limit);
    truncated = true;
  } else if (!out.empty() && out.back() != '\0') {
    out.push_back('\0');  // the process has overwritten them
  }
}

}  // namespace

std::optional<ProcStat> ParseProcStat(std::string_view text) noexcept {
  // pid (comm) state ppid pgrp session tty … starttime: comm ends at the last ')' of all.
  ProcStat stat;
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  if (!ParseNumber(Trim(text.substr(0, open)), stat.tgid)) return std::nullopt;
  stat.comm = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  constexpr int kFirst = 3;  // number of the field after comm, as proc(5) counts
  constexpr int kStart = 22;
  std::int32_t tty = 0;
  for (int field = kFirst; field <= kStart; ++field) {
    const std::string_view word = NextWord(rest);
    bool ok = !word.empty();
    if (field == 4) ok = ParseNumber(word, stat.ppid);
    if (field == 5) ok = ParseNumber(word, stat.pgid);
    if (field == 6) ok = ParseNumber(word, stat.sid);
    if (field == 7) ok = ParseNumber(word, tty);
    if (field == kStart) ok = ParseNumber(word, stat.start_ticks);
    if (!ok) return std::nullopt;
  }
  // proc(5): minor in bits 31–20 and 7–0, major in 15–8; records have major << 8 | minor.
  const auto bits = static_cast<std::uint32_t>(tty);
  stat.tty = (bits & 0xff00u) | (bits & 0xffu);
  return stat;
}

void ParseProcStatus(std::string_view text, ProcfsProcess& process) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view key = NextWord(line);
    if (key == "Uid:") ParseIds(line, process.uid, process.euid);
    if (key == "Gid:") ParseIds(line, process.gid, process.egid);
    if (key == "CapInh:") ParseCaps(line, process.caps.inheritable);
    if (key == "CapPrm:") ParseCaps(line, process.caps.permitted);
    if (key == "CapEff:") process.caps.known = ParseCaps(line, process.caps.effective);
    if (key == "NSpid:") {
      for (std::string_view id = NextWord(line); !id.empty(); id = NextWord(line)) {
        ParseNumber(id, process.vpid);
      }
    }
  }
}

std::string_view ParseProcCgroup(std::string_view text) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with("0::/")) continue;
    line.remove_prefix(3);
    constexpr std::string_view kDeleted = " (deleted)";
    if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());
    return line == "/.." || line.starts_with("/../") ? std::string_view() : line;
  }
  return {};
}

std::optional<ProcfsProcess> ReadProcess(int proc_fd, std::uint32_t tgid) {
  const UniqueFd directory(::openat(proc_fd, std::to_string(tgid).c_str(),
                                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory.valid()) return std::nullopt;
  const int fd = directory.get();
  const std::string stat_text = ReadSome(fd, "stat", kStatMax);
  const auto stat = ParseProcStat(stat_text);
  if (!stat || stat->tgid != tgid) return std::nullopt;

  ProcfsProcess process;
  process.tgid = tgid;
  process.vpid = tgid;
  process.ppid = stat->ppid;
  process.pgid = stat->pgid;
  process.sid = stat->sid;
  process.tty = stat->tty;
  process.start_ticks = stat->start_ticks;
  process.comm = stat->comm.substr(0, COMM_LEN - 1);
  ParseProcStatus(ReadSome(fd, "status", kStatusMax), process);
  ParseNumber(Trim(ReadSome(fd, "loginuid", 16)), process.loginuid);
  process.exe_path = ReadLink(fd, "exe");
  process.cwd = ReadLink(fd, "cwd");
  process.pid_ns = NamespaceOf(fd, "ns/pid");
  process.mnt_ns = NamespaceOf(fd, "ns/mnt");
  const std::string cgroup = ReadSome(fd, "cgroup", kCgroupMax);
  process.cgroup_path = ParseProcCgroup(cgroup);
  ReadStrings(fd, "cmdline", ARGS_LEN_MAX, process.args, process.args_truncated);
  ReadStrings(fd, "environ", ENV_LEN_MAX, process.env, process.env_truncated);
  process.env_truncated |= process.env.empty();  // not told apart from what cannot be read
  return process;
}

Result<std::vector<ProcfsProcess>> ScanProcfs(const std::string& root) {
  struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, CloseDir> dir(::opendir(root.c_str()));
  if (dir == nullptr) return Fail("open " + root + ": " + std::strerror(errno));
  std::vector<ProcfsProcess> found;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::uint32_t tgid = 0;
    if (!ParseNumber(std::string_view(entry->d_name), tgid) || tgid == 0) continue;
    if (auto process = ReadProcess(::dirfd(dir.get()), tgid)) found.push_back(std::move(*process));
  }
  return found;
}

}  // namespace nezuban::state
