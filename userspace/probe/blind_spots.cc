// SPDX-License-Identifier: Apache-2.0
#include "probe/blind_spots.h"

#include <algorithm>
#include <initializer_list>

namespace nezuban::probe {
namespace {

constexpr std::uint64_t Of(std::initializer_list<int> events) {
  std::uint64_t bits = 0;
  for (const int event : events) bits |= std::uint64_t{1} << event;
  return bits;
}

// What io_uring can be asked to do to files.
constexpr std::uint64_t kRingFiles =
    Of({EVENT_OPEN, EVENT_RENAME, EVENT_UNLINK, EVENT_MKDIR, EVENT_LINK});
constexpr std::uint64_t kNameCalls = Of({EVENT_RENAME, EVENT_UNLINK, EVENT_MKDIR, EVENT_LINK,
                                         EVENT_CHMOD, EVENT_MKNOD, EVENT_CHOWN, EVENT_UTIME});
constexpr auto kObjectSensor = SensorKind::kObject;
constexpr auto kTracepointSensor = SensorKind::kTracepoint;

constexpr BlindSpot kBlindSpots[] = {
    {Of({EVENT_EXEC}), {}, nullptr, "failed attempts are not seen"},
    {Of({EVENT_DUP}), kObjectSensor, nullptr, "fcntl's old descriptor is not known"},
    {Of({EVENT_CONNECT}), kObjectSensor, nullptr, "of io_uring's: no descriptor"},
    {Of({EVENT_CONNECT}), kTracepointSensor, nullptr,
     "of io_uring's: only TCP, no result, no descriptor"},
    {Of({EVENT_SOCKET, EVENT_BIND, EVENT_LISTEN}), {}, nullptr, "io_uring's are not seen"},
    {Of({EVENT_ACCEPT}), {}, "on_uring_", "io_uring's are not seen before kernel 6.4"},
    {Of({EVENT_SEND}), {}, "on_uring_", "io_uring's are not seen before kernel 6.10"},
    {Of({EVENT_SEND}), {}, nullptr, "addresses are the caller's memory, but io_uring's"},
    {Of({EVENT_ACCEPT, EVENT_SEND}), {}, nullptr, "of io_uring's: no result"},
    {Of({EVENT_RECVFD}), kObjectSensor, nullptr, "the descriptor's number is not known"},
    {kRingFiles, {}, "on_uring_", "io_uring's are not seen before kernel 6.0"},
    {kRingFiles, {}, nullptr, "of io_uring's: no result, no file, symbolic links not followed"},
    {Of({EVENT_MOUNT}), kTracepointSensor, nullptr,
     "names are the caller's memory, which another thread of it may change meanwhile"},
    {kNameCalls, kTracepointSensor, nullptr,
     "names are the caller's memory, which another thread of it may change meanwhile; symbolic "
     "links in them are not followed"},
};

bool Has(const SensorRow& row, std::string_view prefix) {
  return std::any_of(row.programs.begin(), row.programs.end(), [prefix](const ProgramRow& program) {
    return std::string_view(program.name).starts_with(prefix);
  });
}

}  // namespace

std::span<const BlindSpot> BlindSpots() { return kBlindSpots; }

std::vector<std::string_view> BlindSpotsOf(const SensorRow& row) {
  std::vector<std::string_view> words;
  for (const BlindSpot& spot : kBlindSpots) {
    if (!spot.Concerns(row.event) || spot.kind.value_or(row.kind) != row.kind) continue;
    if (spot.seen_by == nullptr || !Has(row, spot.seen_by)) words.push_back(spot.words);
  }
  return words;
}

}  // namespace nezuban::probe
