// SPDX-License-Identifier: Apache-2.0
#include "probe/probe_source.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>

#include "base/check.h"
#include "base/limits.h"
#include "event/decode.h"
#include "probe/blind_spots.h"
#include "probe/candidates.h"
#include "probe/merge.h"

namespace nezuban::probe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// So that a flood cannot keep a caller of Poll from its other duties.
constexpr std::size_t kRecordsPerPoll = 4096;
// A busy node takes seconds to run a child.
constexpr milliseconds kProofTimeout{10000};
// Records of others that may come in that time; at the limit the proof ends with what it has.
constexpr std::size_t kPendingRecords = 65536;

// Not epoll_wait, whose time is in milliseconds. False: cannot wait.
bool WaitReadable(int epoll_fd, microseconds longest) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const std::chrono::nanoseconds rest = longest - seconds;
  const timespec timeout{seconds.count(), rest.count()};
  pollfd waited{epoll_fd, POLLIN, 0};
  return ::ppoll(&waited, 1, &timeout, nullptr) >= 0 || errno == EINTR;
}

// Tries what can be tried without the sensor itself.
class Trials {
 public:
  explicit Trials(const KernelTypes& types) : types_(types) {}

  Status Try(const ProgramRow& program) const {
    switch (program.attachment) {
      case Attachment::kFentry:
      case Attachment::kFexit:
      case Attachment::kTailCalled:
        return TryFunction(program);
      case Attachment::kKprobe:
      case Attachment::kKretprobe:
        return TryKprobe(program.function, program.attachment == Attachment::kKretprobe);
      case Attachment::kTracepoint:
      case Attachment::kSyscallExit:
        break;
    }
    return {};
  }

 private:
  // One function stands for all: where trampolines are refused they all are, and to put 200 of them
  // in and out again takes seconds. Whoever is refused by himself is told from when he attaches.
  Status TryFunction(const ProgramRow& program) const {
    if (!types_.HasFunction(program.function))
      return Fail("this kernel has no function " + program.function + " to trace");
    const bool common = types_.HasFunction(kRepresentative);
    if (!trampolines_)
      trampolines_ = TryTrampoline(types_, common ? kRepresentative : program.function, false);
    return *trampolines_;
  }

  static constexpr char kRepresentative[] = "security_file_open";

  const KernelTypes& types_;
  mutable std::optional<Status> trampolines_;
};

// Without what this kernel does not have.
std::vector<SensorRow> RowsHere(const KernelTypes& types, event::EventType event,
                                SensorChoice choice) {
  std::vector<SensorRow> rows;
  for (const SensorRow* row : SensorsFor(event, choice)) {
    rows.push_back(*row);
    std::erase_if(rows.back().programs, [&](const ProgramRow& program) {
      return program.optional && !program.function.empty() && !types.HasFunction(program.function);
    });
  }
  return rows;
}

std::vector<const SensorRow*> CurrentRows(const std::vector<Candidates>& all) {
  std::vector<const SensorRow*> rows;
  for (const Candidates& candidates : all)
    if (candidates.current() != nullptr) rows.push_back(candidates.current());
  return rows;
}

// Without these nobody could say who did what.
bool IsProcessLife(event::EventType event) {
  return event == EVENT_EXEC || event == EVENT_FORK || event == EVENT_EXIT;
}

// By event. They refer to `trials`.
std::vector<Candidates> AllCandidates(const KernelTypes& types, const Trials& trials,
                                      const ProbeOptions& options) {
  const EventSet needed = SensorsNeeded(options.events);
  std::vector<Candidates> all;
  for (event::EventType event = 0; event < NR_EVENTS; ++event) {
    const auto own = options.sensors_of.find(event);
    const SensorChoice choice = own == options.sensors_of.end() ? options.sensors : own->second;
    all.emplace_back(event, RowsHere(types, event, choice),
                     [&](const ProgramRow& program) { return trials.Try(program); });
    if (!needed.test(event) && !IsProcessLife(event) && event != EVENT_CGROUP)
      all.back().LeaveOut();
  }
  return all;
}

SensorStatus StatusOf(const Candidates& candidates, bool tried, bool proved) {
  const SensorRow* row = candidates.current();
  SensorStatus status{candidates.event(), SensorKind::kNone, "", proved, candidates.why()};
  if (row == nullptr) return status;
  status.kind = row->kind;
  status.hook = row->hook;
  status.blind_spots = BlindSpotsOf(*row);
  if (!proved) {
    if (!status.why.empty()) status.why += "; ";
    status.why += tried ? "not proved: the act could not be done here" : "not proved: not asked to";
  }
  return status;
}

// Loading is all or nothing: tells those who have the program that was refused. False: nobody has.
bool Refuse(std::vector<Candidates>& all, const LoadFailure& failure) {
  bool found = false;
  for (Candidates& candidates : all)
    found |= !failure.program.empty() && candidates.Refuse(failure.program, failure.error.message);
  return found;
}

}  // namespace

Result<std::unique_ptr<ProbeSource>> ProbeSource::Open(const ProbeOptions& options) {
  CHECK(options.leave_out_self || !options.prove);
  RETURN_IF_ERROR(CheckPrerequisites());
  RaiseDescriptorLimit();
  auto source = std::unique_ptr<ProbeSource>(new ProbeSource);
  RETURN_IF_ERROR(source->Choose(options));
  return source;
}

ProbeSource::~ProbeSource() = default;

// Loads the first candidates of all events; as long as something refuses or stays silent, again
// with that event's next.
Status ProbeSource::Choose(const ProbeOptions& options) {
  LoadOptions load{options.vital_bytes, options.bulk_bytes,  options.leave_out_self,
                   options.flood_rate,  options.flood_burst, {}};
  ASSIGN_OR_RETURN(const KernelTypes types, KernelTypes::Load());
  load.features = DetectFeatures(types);
  const Trials trials(types);
  std::vector<Candidates> all = AllCandidates(types, trials, options);
  EventSet proved;
  EventSet attempted;
  ProgramNames taken;
  for (bool settled = false; !settled;) {
    const std::vector<const SensorRow*> rows = CurrentRows(all);
    for (const Candidates& candidates : all)
      if (IsProcessLife(candidates.event()) && candidates.current() == nullptr)
        return Fail("cannot watch processes here: " + candidates.why());
    rings_.clear();
    pending_.clear();
    probes_.reset();
    LoadFailure failure;
    // Once one was refused, the others are tried by themselves: loading all of them takes long.
    if (taken.empty() || TryPrograms(rows, load, taken, failure))
      probes_ = LoadedProbes::Load(rows, load, taken, failure);
    if (!probes_) {
      if (!Refuse(all, failure)) return tl::unexpected<Error>(failure.error);
      continue;
    }
    RETURN_IF_ERROR(StartReading());
    settled = true;
    if (!options.prove) break;
    RETURN_IF_ERROR(Prove(rows, proved, attempted));
    for (const SensorRow* row : rows) {
      if (proved.test(row->event) || !attempted.test(row->event)) continue;
      all[row->event].Reject(std::string(row->hook) +
                             " attaches but a real act did not come through it");
      settled = false;
    }
  }
  for (const Candidates& candidates : all)
    sensors_.push_back(StatusOf(candidates, options.prove, proved.test(candidates.event())));
  return {};
}

Status ProbeSource::StartReading() {
  rings_.clear();
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return Fail(std::string("epoll: ") + std::strerror(errno));
  for (int lane = 0; lane < NR_LANES; ++lane) {
    rings_.push_back(probes_->Ring(lane));
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, probes_->ring_fd(lane), &event) != 0)
      return Fail(std::string("epoll on a ring buffer: ") + std::strerror(errno));
  }
  return {};
}

// Lets a child do the acts and reads until it is gone; what others did meanwhile waits for Poll.
Status ProbeSource::Prove(std::span<const SensorRow* const> rows, EventSet& proved,
                          EventSet& attempted) {
  ASSIGN_OR_RETURN(Proof proof, Proof::Start(rows, ::getpid()));
  const RecordHandler sort = [&](std::span<const std::byte> bytes) {
    const auto event = event::Decode(bytes);
    if (event && proof.Take(*event)) return CloseGap(event->header());
    pending_.emplace_back(bytes);
  };
  const Clock::time_point deadline = Clock::now() + kProofTimeout;
  bool finished = false;
  while (!finished && Clock::now() < deadline && pending_.size() < kPendingRecords) {
    finished = proof.Finished();
    if (Drain(sort) > 0 || finished) continue;
    WaitReadable(epoll_.get(), Pace::kLongestNap);
  }
  while (finished && pending_.size() < kPendingRecords && Drain(sort) > 0) {
  }
  proved = proof.seen();
  attempted = finished ? proof.attempted() : EventSet();
  return {};
}

// A record of the proof is taken out: those before it move up by one number, else it looks lost.
void ProbeSource::CloseGap(const record_header& taken) {
  for (event::OwnedRecord& pending : pending_) {
    record_header* header = pending.header();
    if (header == nullptr) continue;
    if (header->lane == taken.lane && header->cpu == taken.cpu && header->seq < taken.seq)
      ++header->seq;
  }
}

void ProbeSource::SetEnabled(const EventSet& events) {
  EventSet wakes = events;
  wakes.set(EVENT_CGROUP);  // a container's cgroup has to be marked before anything runs in it
  probes_->SetEnabled(events, wakes);
}

Result<std::size_t> ProbeSource::Poll(milliseconds timeout, const RecordHandler& handler) {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::size_t count = DeliverPending(handler);
  for (;;) {
    count += Drain(handler);
    if (count > 0) pace_.Found();
    const auto left = std::chrono::ceil<microseconds>(deadline - Clock::now());
    if (count > 0 || left <= microseconds::zero()) return count;
    if (!Wait(left)) return Fail(std::string("wait for records: ") + std::strerror(errno));
  }
}

// False: cannot wait.
bool ProbeSource::Wait(microseconds longest) {
  const auto state = probes_->reader_state();
  const Pace::Wait wait = pace_.Next();
  state.store(wait.state);
  // From here on a record wakes us; those that came before are found now. See reader_wake.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  bool waited = true;
  const RingReader::Next next = Next();
  if (next == RingReader::Next::kNothing)
    waited = WaitReadable(epoll_.get(), std::min(longest, wait.longest));
  else if (next == RingReader::Next::kBeingWritten)  // its writer may need this very CPU
    std::this_thread::sleep_for(std::min(longest, Pace::kShortestNap));
  const bool woken = state.exchange(READER_AWAKE) == READER_AWAKE;
  if (next == RingReader::Next::kNothing) pace_.Over(wait, woken);
  return waited;
}

// What stands first, in the order of lanes: as Drain takes them.
RingReader::Next ProbeSource::Next() {
  for (RingReader& ring : rings_) {
    const RingReader::Next next = ring.Peek();
    if (next != RingReader::Next::kNothing) return next;
  }
  return RingReader::Next::kNothing;
}

std::size_t ProbeSource::DeliverPending(const RecordHandler& handler) {
  const std::size_t count = pending_.size();
  for (; !pending_.empty(); pending_.pop_front()) handler(pending_.front().bytes());
  return count;
}

std::size_t ProbeSource::Drain(const RecordHandler& handler) {
  return DrainInOrder(rings_[LANE_VITAL], rings_[LANE_BULK], kRecordsPerPoll, handler);
}

}  // namespace nezuban::probe
