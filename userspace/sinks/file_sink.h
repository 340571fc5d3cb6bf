// SPDX-License-Identifier: Apache-2.0
// Alerts as JSON lines in a file, which is rotated by size here or by logrotate and SIGHUP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

class FileSink final : public Destination {
 public:
  FileSink(FileOptions options, NodeNames names)
      : options_(std::move(options)), names_(std::move(names)) {}

  // Whole lines only: what a full disk cut off is taken back. What is taken is on the disk.
  SendResult Send(std::span<const Outgoing> batch) override;
  void Reopen() override { file_.reset(); }

  // Opens the file if it is not open; new ones are only the owner's to read. Error: errno's words.
  Status EnsureOpen();
  // Of the last attempt that failed.
  int open_errno() const { return open_errno_; }

 private:
  Status WriteLine(std::string_view line);
  Status Rotate();
  Status Sync();
  std::string Rotated(std::size_t number) const;

  const FileOptions options_;
  const NodeNames names_;
  UniqueFd file_;
  int open_errno_ = 0;
  std::uint64_t size_ = 0;    // of the file, up to its last whole line
  std::size_t unsynced_ = 0;  // lines of this batch that may not be on the disk
};

// Error: the path is no regular file, or cannot become one. A full disk is none.
Result<std::unique_ptr<Destination>> OpenFile(const SinkOptions& options, const NodeNames& names);

}  // namespace nezuban::sinks
