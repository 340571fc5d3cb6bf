// SPDX-License-Identifier: Apache-2.0
#include "recording/recorder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "recording/codec.h"
#include "recording/format.h"

namespace nezuban::recording {
namespace {

// Half a second of a busy node; what a kill -9 costs is one block or one second.
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
constexpr std::uint64_t kBlockNs = 1'000'000'000;
constexpr std::size_t kBlocksWaiting = 64;
constexpr std::size_t kEndBytes = 64;  // room for the last block
static_assert(kBlockBytes * 2 < kBlockMax);

std::uint64_t SteadyNs() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Fail(std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::Create(const std::string& path,
                                                   const Identity& identity,
                                                   RecorderOptions options) {
  // Never over a file that is there: somebody else may have it open, or want it.
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return Fail("create " + path + ": " + std::strerror(errno), errno == EEXIST ? 1 : 2);
  }
  ::fchmod(fd.get(), 0600);  // whatever the umask says
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(fd), path, std::move(options)));
  const std::string header = FileHeader();
  auto written = WriteAll(recorder->fd_.get(), header);
  recorder->bytes_ = header.size();
  if (written) written = recorder->WriteBytes(MakeBlock(0, ToProto(identity).SerializeAsString()));
  if (!written) return tl::unexpected<Error>(written.error());
  recorder->worker_ = std::thread([raw = recorder.get()] { raw->Run(); });
  return recorder;
}

Recorder::Recorder(UniqueFd fd, std::string path, RecorderOptions options)
    : fd_(std::move(fd)),
      path_(std::move(path)),
      options_(std::move(options)),
      block_(std::make_unique<v1::RecordingBlock>()),
      queue_(kBlocksWaiting) {}

Recorder::~Recorder() { static_cast<void>(Finish()); }

void Recorder::Append(const state::Item& item) noexcept {
  if (done_) return;
  const std::uint64_t now = SteadyNs();
  if (block_items_ > 0 && (block_bytes_ >= kBlockBytes || now - block_begun_ns_ >= kBlockNs)) {
    Flush(false);
  }
  if (block_items_ == 0) block_begun_ns_ = now;
  v1::RecordingItem& out = *block_->add_items();
  ToProto(item, options_.redactor.get(), out);
  block_bytes_ += out.ByteSizeLong() + 8;
  ++block_items_;
}

// `wait`: at the end, when nobody is held up by it.
void Recorder::Flush(bool wait) {
  Block block{block_->SerializeAsString(), block_items_};
  block_->Clear();
  block_bytes_ = 0;
  block_items_ = 0;
  while (wait && !done_ && queue_.size() >= kBlocksWaiting) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::uint64_t count = block.items;
  if (queue_.TryPush(std::move(block))) {
    gap_ = 0;
    return;
  }
  gap_ += count;
  left_out_ += count;
  block_->add_items()->set_gap(gap_);
}

Status Recorder::Finish() {
  if (!worker_.joinable()) return result_;
  if (block_items_ > 0 || gap_ > 0) Flush(true);
  queue_.Close();
  worker_.join();
  done_ = true;
  return result_;
}

void Recorder::Run() {
  while (true) {
    const auto block = queue_.Pop(std::chrono::milliseconds(1000));
    if (!block && queue_.closed()) break;
    if (!block || done_) continue;
    if (result_ = Write(*block); !result_) done_ = true;
  }
  if (result_) result_ = WriteEnd();
}

Status Recorder::Write(const Block& block) {
  const std::string bytes = MakeBlock(next_block_, block.payload);
  if (options_.max_bytes != 0 && bytes_ + bytes.size() + kEndBytes > options_.max_bytes) {
    done_ = true;
    return {};
  }
  RETURN_IF_ERROR(WriteBytes(bytes));
  items_ += block.items;
  return {};
}

Status Recorder::WriteEnd() {
  v1::RecordingBlock end;
  end.add_items()->mutable_end()->set_items(items_);
  return WriteBytes(MakeBlock(next_block_, end.SerializeAsString()));
}

// One block. What could not be written whole is taken off again; if even that fails, its checksum
// tells a reader where to stop.
Status Recorder::WriteBytes(const std::string& block) {
  if (const Status written = WriteAll(fd_.get(), block); !written) {
    const int cut = ::ftruncate(fd_.get(), static_cast<off_t>(bytes_.load()));
    static_cast<void>(cut);
    return Fail("write " + path_, written.error());
  }
  ++next_block_;
  bytes_ += block.size();
  return {};
}

}  // namespace nezuban::recording
