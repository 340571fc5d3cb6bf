// SPDX-License-Identifier: Apache-2.0
#include "probe/blind_spots.h"

#include <algorithm>

namespace nezuban::probe {
namespace {

constexpr std::string_view kRingUnseen = "io_uring's are not seen before kernel 6.0";
constexpr std::string_view kRingUnknown =
    "of io_uring's: no result, no file, symbolic links not followed";
constexpr std::string_view kCallersNames =
    "names are the caller's memory, which another thread of it may change meanwhile";
constexpr std::string_view kCallersPaths =
    "names are the caller's memory, which another thread of it may change meanwhile; symbolic "
    "links in them are not followed";

constexpr BlindSpot kBlindSpots[] = {
    {EVENT_EXEC, {}, nullptr, "failed attempts are not seen"},
    {EVENT_MOUNT, SensorKind::kTracepoint, nullptr, kCallersNames},
    {EVENT_DUP, SensorKind::kObject, nullptr, "fcntl's old descriptor is not known"},
    {EVENT_CONNECT, SensorKind::kObject, nullptr, "of io_uring's: no descriptor"},
    {EVENT_CONNECT, SensorKind::kTracepoint, nullptr,
     "of io_uring's: only TCP, no result, no descriptor"},
    {EVENT_SOCKET, {}, nullptr, "io_uring's are not seen"},
    {EVENT_BIND, {}, nullptr, "io_uring's are not seen"},
    {EVENT_LISTEN, {}, nullptr, "io_uring's are not seen"},
    {EVENT_ACCEPT, {}, "on_uring_", "io_uring's are not seen before kernel 6.4"},
    {EVENT_ACCEPT, {}, nullptr, "of io_uring's: no result"},
    {EVENT_SEND, {}, "on_uring_", "io_uring's are not seen before kernel 6.10"},
    {EVENT_SEND, {}, nullptr, "addresses are the caller's memory, but io_uring's"},
    {EVENT_SEND, {}, nullptr, "of io_uring's: no result"},
    {EVENT_RECVFD, SensorKind::kObject, nullptr, "the descriptor's number is not known"},
    {EVENT_OPEN, {}, "on_uring_", kRingUnseen},
    {EVENT_OPEN, {}, nullptr, kRingUnknown},
    {EVENT_RENAME, {}, "on_uring_", kRingUnseen},
    {EVENT_RENAME, {}, nullptr, kRingUnknown},
    {EVENT_RENAME, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_UNLINK, {}, "on_uring_", kRingUnseen},
    {EVENT_UNLINK, {}, nullptr, kRingUnknown},
    {EVENT_UNLINK, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_MKDIR, {}, "on_uring_", kRingUnseen},
    {EVENT_MKDIR, {}, nullptr, kRingUnknown},
    {EVENT_MKDIR, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_LINK, {}, "on_uring_", kRingUnseen},
    {EVENT_LINK, {}, nullptr, kRingUnknown},
    {EVENT_LINK, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_CHMOD, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_MKNOD, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_CHOWN, SensorKind::kTracepoint, nullptr, kCallersPaths},
    {EVENT_UTIME, SensorKind::kTracepoint, nullptr, kCallersPaths},
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
    if (spot.event != row.event || spot.kind.value_or(row.kind) != row.kind) continue;
    if (spot.seen_by == nullptr || !Has(row, spot.seen_by)) words.push_back(spot.words);
  }
  return words;
}

}  // namespace nezuban::probe
