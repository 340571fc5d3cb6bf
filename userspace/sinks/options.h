// SPDX-License-Identifier: Apache-2.0
// What a user can say of a sink. The names, limits and explanations are in types.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"

namespace nezuban::sinks {

// nezuban: the JSON of `output: json`; ocsf: a Detection Finding.
enum class BodyFormat : std::uint8_t { kNezuban, kOcsf };

// Files are read when a connection is made, so that they can be renewed meanwhile.
struct TlsOptions {
  std::string ca;    // certificates that are trusted; empty: the system's
  std::string cert;  // ours, with its chain; empty: none
  std::string key;
  std::string server_name;  // in the peer's certificate; empty: the host that is connected to
};

struct FileOptions {
  std::string path;
  BodyFormat format = BodyFormat::kNezuban;
  std::size_t max_bytes = std::size_t{100} << 20;  // then it is rotated; 0: never
  std::size_t max_files = 5;                       // rotated ones that are kept
};

enum class SyslogTransport : std::uint8_t { kUnix, kUdp, kTcp, kTls };

struct SyslogOptions {
  SyslogTransport transport = SyslogTransport::kUnix;
  std::string address;  // path of the socket, or HOST:PORT
  int facility = 3;     // RFC 5424, 6.2.1: daemon
  std::string app_name = "nezuban";
  std::uint32_t enterprise_id = 32473;  // for documentation and examples (RFC 5612): we have none
  bool json = false;                    // MSG is the alert's JSON instead of its output
  std::size_t max_bytes = 8192;         // of a message
  TlsOptions tls;
};

struct WebhookOptions {
  std::string url;
  BodyFormat format = BodyFormat::kNezuban;
  bool lines = false;                // JSON lines instead of an array
  std::vector<std::string> headers;  // "Name: value"
  std::string token_file;            // sent as bearer token, read for each request
  std::size_t batch = 100;
  TlsOptions tls;
};

struct StdoutOptions {
  BodyFormat format = BodyFormat::kNezuban;
};

struct OtlpOptions {
  std::string address;  // HOST:PORT
  bool plaintext = false;
  bool json = false;  // the body is one string of JSON instead of a list of keys and values
  bool gzip = false;
  std::vector<std::pair<std::string, std::string>> headers;   // gRPC metadata
  std::vector<std::pair<std::string, std::string>> resource;  // attributes besides our own
  std::size_t batch = 256;
  TlsOptions tls;
};

struct SinkOptions {
  std::string name;  // also of its place in the store
  std::string type;
  alert::Priority min_priority = alert::Priority::kDebug;
  std::vector<std::string> rules;               // globs of rules' names; empty: all
  std::chrono::milliseconds timeout{10'000};    // of one attempt
  std::chrono::milliseconds retry_max{30'000};  // between two attempts
  FileOptions file;
  SyslogOptions syslog;
  WebhookOptions webhook;
  OtlpOptions otlp;
  StdoutOptions out;
};

// What the messages tell of the node they come from.
struct NodeNames {
  std::string hostname;
  std::string node;     // of Kubernetes; may be empty
  std::string cluster;  // may be empty
  std::string version;  // of nezuban
};

}  // namespace nezuban::sinks
