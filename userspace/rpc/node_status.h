// SPDX-License-Identifier: Apache-2.0
// What the daemon tells of itself, as plain data: rpc/ knows nothing of sensors or rules.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace nezuban::rpc {

enum class SensorKind : std::uint8_t { kNone, kObject, kTracepoint };

// "none", "object", "tracepoint".
std::string_view ToString(SensorKind kind);

// Which sensor serves an event here.
struct SensorStatus {
  std::string event;
  SensorKind kind = SensorKind::kNone;
  std::string hook;
  bool proved = false;  // a real event came through it
  std::string why;
  std::vector<std::string> blind_spots{};  // what it does not see or know; not sent
};

// Counts of one event since the start; seen = delivered + filtered + all of dropped.
struct EventStatus {
  std::string event;
  std::uint64_t seen = 0;
  std::uint64_t delivered = 0;  // reached the rules
  std::uint64_t filtered = 0;   // dropped in the kernel: no rule could match
  std::vector<std::pair<std::string, std::uint64_t>> dropped;  // by reason; "malformed" is one
};

// Which rules are loaded.
struct RulesStatus {
  std::uint64_t generation = 0;     // counts what was loaded, from 1
  std::string version;              // of the files: the same for the same text
  std::int64_t loaded_time_ns = 0;  // since the epoch
  std::uint32_t count = 0;
  std::string error;  // why the last attempt was refused; empty: it was not
  std::int64_t error_time_ns = 0;
};

// Events that waited for something that could still arrive; all = now + resolved + expired.
struct HoldStatus {
  std::uint64_t all = 0;
  std::uint64_t now = 0;
  std::uint64_t resolved = 0;    // it arrived
  std::uint64_t expired = 0;     // it did not, in time
  std::uint64_t overflowed = 0;  // besides: should have waited, but there was no room
};

// What is asked of container runtimes; counts since the start.
struct MetadataStatus {
  std::uint64_t lookups = 0;  // containers asked for
  std::uint64_t found = 0;    // such as the runtime told of
  std::uint64_t unknown = 0;  // such as are none of a runtime of pods
  std::uint64_t slow = 0;     // such as took longer than half a second
  std::uint64_t failed = 0;   // calls that failed
  std::uint64_t dropped = 0;  // lookups for which there was no room
  std::uint64_t pending = 0;  // being looked for now
  std::uint64_t slowest_ms = 0;
  bool reachable = false;              // the last call was answered
  std::uint64_t alerts_without = 0;    // that could not say what pod or image
  std::uint64_t events = 0;            // what the runtime told without being asked
  std::uint64_t names_read = 0;        // passwd and group files of containers and the node
  std::uint64_t names_unreadable = 0;  // such as could not be, those that took too long included
  std::uint64_t names_stuck = 0;       // threads a container's file system holds up now
  std::uint64_t names_dropped = 0;     // requests for which there was no room
};

// What is asked of the cluster's API server; counts since the start.
struct ApiServerStatus {
  bool asked = false;            // false: none is, and nothing else here says anything
  bool reachable = false;        // the last request was answered
  std::uint64_t requests = 0;    // lists, watches and single objects
  std::uint64_t failed = 0;      // such as failed, refused ones included
  std::uint64_t refused = 0;     // for want of a right or of a valid token
  std::uint64_t events = 0;      // changes it told of
  std::uint64_t unreadable = 0;  // objects and changes that made no sense
  std::uint64_t dropped = 0;     // objects and requests for which there was no room
  std::uint64_t pods = 0;        // known now
  std::uint64_t pending = 0;     // pods of containers it has not told of
};

// How a sink of the configuration is doing; counts since the start.
struct SinkStatus {
  std::string name;
  std::string type;
  std::uint64_t sent = 0;      // alerts that the peer has
  std::uint64_t filtered = 0;  // alerts that the sink was not asked to send
  std::uint64_t retried = 0;   // attempts that failed
  std::uint64_t refused = 0;   // alerts that the peer will never take
  std::uint64_t lost = 0;      // alerts lost before the sink could have them
  std::uint64_t position = 0;  // cursor of the last alert that is done with
  std::string problem;         // why the last attempt failed; empty: it did not
};

// What rules that look at several events remember of earlier matches.
struct CorrelationStatus {
  std::uint64_t groups = 0;
  std::uint64_t bytes = 0;    // roughly
  std::uint64_t evicted = 0;  // groups that had to make room before their time
};

struct NodeStatus {
  // Filled by the StatusProvider.
  std::string version;
  std::string kernel_release;
  std::string hostname;
  std::string node;                // as its cluster calls it
  std::string cluster;             // may be empty
  std::int64_t start_time_ns = 0;  // since the epoch
  std::vector<SensorStatus> sensors;
  std::vector<EventStatus> events;
  std::uint64_t malformed_records = 0;  // that no event could be told of
  std::uint32_t rules_loaded = 0;
  RulesStatus rules;
  HoldStatus hold;
  MetadataStatus metadata;
  ApiServerStatus api_server;
  std::vector<SinkStatus> sinks;
  CorrelationStatus correlation;
  std::uint64_t alerts_held_back = 0;  // counted in summaries instead
  std::uint64_t processes = 0;
  std::uint64_t processes_evicted = 0;
  std::uint64_t processes_healed = 0;  // found after losses
  std::uint64_t containers = 0;
  std::uint64_t lines_dropped = 0;        // alerts that standard output did not take
  std::uint64_t records_missing = 0;      // numbered by the kernel side, never received
  std::uint64_t origins_lost = 0;         // tasks whose origin could not be kept
  std::uint64_t containers_unmarked = 0;  // cgroups the kernel side could not be told of
  std::uint64_t table_heals = 0;          // scans of /proc after lost records
  std::string problem;                    // what of the self-test failed; empty: nothing
  std::uint64_t self_test_age_ms = 0;     // since the event of it that is overdue for longest
  // Alerts of rules since these were loaded, as far as they gave any: those with the most.
  std::vector<std::pair<std::string, std::uint64_t>> rule_alerts;

  // Filled by the server.
  store::StoreCounters store;
  std::string store_id;  // empty: memory only
  std::uint64_t alerts = 0;
  std::uint64_t alerts_dropped = 0;
  std::uint32_t subscribers = 0;
  std::uint64_t subscriber_drops = 0;
};

// Called by gRPC's threads and the stream's own, several at once: must be thread-safe, must not
// wait for the ingest thread, must not throw.
using StatusProvider = std::function<NodeStatus()>;

// The sums of a status that heartbeats carry; seen = delivered + filtered + dropped.
struct NodeTotals {
  std::uint64_t seen = 0;
  std::uint64_t delivered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
};
NodeTotals Totals(const NodeStatus& status);

// Alerts of one stream, from its start up to a place in it; seen = delivered + filtered + dropped.
struct StreamTotals {
  std::uint64_t seen = 0;
  std::uint64_t delivered = 0;
  std::uint64_t filtered = 0;  // not asked for
  std::uint64_t dropped = 0;   // the sum of the gaps before this place
};

struct Heartbeat {
  std::int64_t time_ns = 0;  // when it was made, since the epoch
  StreamTotals stream;
  NodeTotals node;
  std::uint64_t alerts = 0;  // made by the node since the start
  std::uint64_t cursor = 0;  // the place of the stream
  std::string store_id;
};

}  // namespace nezuban::rpc
