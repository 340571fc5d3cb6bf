// SPDX-License-Identifier: Apache-2.0
#include "sinks/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "sinks/body.h"

namespace nezuban::sinks {
namespace {

tl::unexpected<Error> FailErrno(const std::string& what) {
  return Fail(what + ": " + std::strerror(errno));
}

// Of what can pass by itself: the sink starts, and tries again.
bool MayPass(int error) { return error == ENOSPC || error == EDQUOT || error == EIO; }

}  // namespace

SendResult FileSink::Send(std::span<const Outgoing> batch) {
  Status status = EnsureOpen();
  std::size_t written = 0;
  unsynced_ = 0;
  while (status && written < batch.size()) {
    status = WriteLine(Body(batch[written], options_.format, names_) + '\n');
    if (status) ++written;
  }
  if (const Status synced = Sync(); !synced) status = synced;
  written -= unsynced_;
  return status ? SendResult::Taken(written) : SendResult::Retry(status.error().message, written);
}

Status FileSink::EnsureOpen() {
  if (file_.valid()) return {};
  // Not blocking: a FIFO would keep us waiting for a reader. To be read as well: for its last byte.
  UniqueFd file(::open(options_.path.c_str(),
                       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
  struct stat status {};
  open_errno_ = errno;
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return FailErrno("open " + options_.path);
  }
  if (!S_ISREG(status.st_mode)) return Fail("open " + options_.path + ": not a regular file");
  char last = '\n';
  if (status.st_size > 0 && ::pread(file.get(), &last, 1, status.st_size - 1) != 1) {
    return FailErrno("read " + options_.path);
  }
  if (last != '\n' && ::write(file.get(), "\n", 1) != 1) {
    return FailErrno("write " + options_.path);
  }
  size_ = static_cast<std::uint64_t>(status.st_size) + (last != '\n' ? 1 : 0);
  file_ = std::move(file);
  return {};
}

Status FileSink::WriteLine(std::string_view line) {
  const bool full = options_.max_bytes > 0 && size_ > 0 && size_ + line.size() > options_.max_bytes;
  if (full) RETURN_IF_ERROR(Rotate());
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t n = ::write(file_.get(), line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto failed = FailErrno("write " + options_.path);
      // Half a line would make the next one unreadable.
      if (written > 0 && ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
        static_cast<void>(Sync());  // the lines before it are whole
        file_.reset();
      }
      return failed;
    }
    written += static_cast<std::size_t>(n);
  }
  size_ += line.size();
  ++unsynced_;
  return {};
}

Status FileSink::Sync() {
  if (!file_.valid() || unsynced_ == 0) return {};
  if (::fdatasync(file_.get()) != 0) {
    auto failed = FailErrno("sync " + options_.path);
    file_.reset();  // what was written may be gone from the cache as well: write it anew
    return failed;
  }
  unsynced_ = 0;
  return {};
}

std::string FileSink::Rotated(std::size_t number) const {
  return options_.path + "." + std::to_string(number);
}

// The oldest goes; a number that is not there leaves a hole, which is no harm.
Status FileSink::Rotate() {
  RETURN_IF_ERROR(Sync());
  for (std::size_t number = options_.max_files; number > 1; --number) {
    if (::rename(Rotated(number - 1).c_str(), Rotated(number).c_str()) != 0 && errno != ENOENT) {
      return FailErrno("rename " + Rotated(number - 1));
    }
  }
  const bool gone = options_.max_files == 0
                        ? ::unlink(options_.path.c_str()) == 0
                        : ::rename(options_.path.c_str(), Rotated(1).c_str()) == 0;
  if (!gone && errno != ENOENT) return FailErrno("rotate " + options_.path);
  file_.reset();
  return EnsureOpen();
}

Result<std::unique_ptr<Destination>> OpenFile(const SinkOptions& options, const NodeNames& names) {
  auto sink = std::make_unique<FileSink>(options.file, names);
  if (const Status open = sink->EnsureOpen(); !open && !MayPass(sink->open_errno())) {
    return tl::unexpected<Error>(open.error());
  }
  return std::unique_ptr<Destination>(std::move(sink));
}

}  // namespace nezuban::sinks
