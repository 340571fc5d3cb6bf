// SPDX-License-Identifier: Apache-2.0
// Recorder: writes items to a file. Whoever gives them never waits for the disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "base/redact.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "recording/identity.h"
#include "state/item.h"

namespace nezuban::v1 {
class RecordingBlock;
}

namespace nezuban::recording {

struct RecorderOptions {
  std::uint64_t max_bytes = 0;  // ends the recording where the file would grow larger; 0: never
  std::shared_ptr<const Redactor> redactor;  // nullptr: nothing is masked
};

// Append from one thread; all else from any.
class Recorder {
 public:
  // Makes the file, mode 0600, and writes the header. Error (exit code 1 if it exists already, else
  // 2): it cannot be made or written.
  static Result<std::unique_ptr<Recorder>> Create(const std::string& path, const Identity& identity,
                                                  RecorderOptions options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Takes at most 16 MiB of items that wait for the disk; more are left out, and the file says
  // where how many. Nothing is taken any more once done().
  void Append(const state::Item& item) noexcept;

  // Writes what waits, and the end. Error: the first thing that could not be written; the file is
  // readable up to there. Call it once no one appends.
  Status Finish();

  // The file has reached its limit, or cannot be written: no more will be in it.
  bool done() const { return done_.load(); }
  std::uint64_t items() const { return items_.load(); }        // in the file
  std::uint64_t left_out() const { return left_out_.load(); }  // for want of speed of the disk
  std::uint64_t bytes() const { return bytes_.load(); }        // of the file

 private:
  Recorder(UniqueFd fd, std::string path, RecorderOptions options);
  struct Block {
    std::string payload;
    std::uint64_t items = 0;
  };

  void Flush(bool wait);
  void Run();
  Status Write(const Block& block);
  Status WriteEnd();
  Status WriteBytes(const std::string& block);

  const UniqueFd fd_;
  const std::string path_;
  const RecorderOptions options_;

  std::unique_ptr<v1::RecordingBlock> block_;  // being filled
  std::size_t block_bytes_ = 0;
  std::uint64_t block_begun_ns_ = 0;  // steady clock
  std::uint64_t block_items_ = 0;     // but for gaps
  std::uint64_t gap_ = 0;             // left out since the last block that went through

  BoundedQueue<Block> queue_;
  std::thread worker_;
  std::uint32_t next_block_ = 0;  // of the worker
  Status result_;                 // of the worker; read after it ended
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> items_{0};
  std::atomic<std::uint64_t> left_out_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace nezuban::recording
