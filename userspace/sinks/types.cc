// SPDX-License-Identifier: Apache-2.0
#include "sinks/types.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "sinks/file_sink.h"
#include "sinks/option_values.h"
#include "sinks/otlp_sink.h"
#include "sinks/stdout_destination.h"
#include "sinks/syslog_sink.h"
#include "sinks/webhook_sink.h"

namespace nezuban::sinks {
namespace {

using Options = SinkOptions;

constexpr std::array kFormats = {Choice<BodyFormat>{"nezuban", BodyFormat::kNezuban},
                                 Choice<BodyFormat>{"ocsf", BodyFormat::kOcsf}};

constexpr std::array kCommon = {
    Option{"name", "NAME", "What status and the store know it by; letters, digits, - and _.", true,
           false,
           [](Options& o, Values v) -> std::string {
             constexpr std::string_view kAllowed =
                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
             if (v[0].empty() || v[0].size() > 59 ||
                 v[0].find_first_not_of(kAllowed) != std::string::npos) {
               return "expected 1 to 59 letters, digits, - and _";
             }
             o.name = v[0];
             return {};
           }},
    Option{"type", "TYPE", "file, stdout, syslog, webhook or otlp.", true, false,
           [](Options& o, Values v) { return ParseText(v[0], o.type); }},
    Option{"min_priority", "PRIORITY", "Less severe alerts are left out; default: none.", false,
           false,
           [](Options& o, Values v) -> std::string {
             if (alert::ParsePriority(v[0], o.min_priority)) return {};
             return "expected a priority from Emergency to Debug";
           }},
    Option{"rules", "GLOB", "Only alerts of rules whose name matches one; default: all.", false,
           true,
           [](Options& o, Values v) -> std::string {
             o.rules.assign(v.begin(), v.end());
             return {};
           }},
    Option{"timeout_ms", "MS", "Of one attempt; default: 10000.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 100, 600'000, o.timeout); }},
    Option{"retry_max_ms", "MS",
           "Longest pause between two attempts, which doubles from 250; default: 30000.", false,
           false,
           [](Options& o, Values v) { return ParseNumber(v[0], 10, 3'600'000, o.retry_max); }},
};

// The options of TLS for the member of SinkOptions that has them; the name of the peer is the last.
template <auto Member>
constexpr std::array<Option, 4> kTls = {
    Option{"tls_ca", "FILE",
           "PEM file of the certificates that are trusted; default: the system's.", false, false,
           [](Options& o, Values v) { return ParsePath(v[0], (o.*Member).tls.ca); }},
    Option{"tls_cert", "FILE", "PEM file of our own certificate and its chain.", false, false,
           [](Options& o, Values v) { return ParsePath(v[0], (o.*Member).tls.cert); }},
    Option{"tls_key", "FILE", "PEM file of its key.", false, false,
           [](Options& o, Values v) { return ParsePath(v[0], (o.*Member).tls.key); }},
    Option{"tls_server_name", "NAME",
           "What the peer's certificate must be for; default: the host that is connected to.",
           false, false,
           [](Options& o, Values v) { return ParseText(v[0], (o.*Member).tls.server_name); }},
};

// `without`: what makes them be of no effect; empty: they are used.
std::string CheckTls(const TlsOptions& tls, std::string_view without) {
  const bool any =
      !tls.ca.empty() || !tls.cert.empty() || !tls.key.empty() || !tls.server_name.empty();
  if (any && !without.empty()) return "tls_… has no effect " + std::string(without);
  return tls.cert.empty() == tls.key.empty() ? "" : "tls_cert and tls_key go together";
}

constexpr std::array kFile = {
    Option{"path", "FILE", "Of the file; rotated ones have .1, .2 … at the end.", true, false,
           [](Options& o, Values v) { return ParsePath(v[0], o.file.path); }},
    Option{"format", "FORMAT", "nezuban or ocsf; default: nezuban.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kFormats, o.file.format); }},
    Option{"max_bytes", "BYTES", "Then it is rotated; 0: never; default: 104857600.", false, false,
           [](Options& o, Values v) {
             return ParseNumber(v[0], 0, std::uint64_t{1} << 40, o.file.max_bytes);
           }},
    Option{"max_files", "COUNT", "Rotated files that are kept; default: 5.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 0, 1000, o.file.max_files); }},
};

constexpr std::array kStdout = {
    Option{"format", "FORMAT", "nezuban or ocsf; default: nezuban.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kFormats, o.out.format); }},
};

constexpr std::array kTransports = {
    Choice<SyslogTransport>{"unix", SyslogTransport::kUnix},
    Choice<SyslogTransport>{"udp", SyslogTransport::kUdp},
    Choice<SyslogTransport>{"tcp", SyslogTransport::kTcp},
    Choice<SyslogTransport>{"tls", SyslogTransport::kTls},
};
// RFC 5424, 6.2.1; the names are syslog(3)'s.
constexpr std::array kFacilities = {
    Choice<int>{"kern", 0},    Choice<int>{"user", 1},      Choice<int>{"mail", 2},
    Choice<int>{"daemon", 3},  Choice<int>{"auth", 4},      Choice<int>{"syslog", 5},
    Choice<int>{"lpr", 6},     Choice<int>{"news", 7},      Choice<int>{"uucp", 8},
    Choice<int>{"cron", 9},    Choice<int>{"authpriv", 10}, Choice<int>{"ftp", 11},
    Choice<int>{"local0", 16}, Choice<int>{"local1", 17},   Choice<int>{"local2", 18},
    Choice<int>{"local3", 19}, Choice<int>{"local4", 20},   Choice<int>{"local5", 21},
    Choice<int>{"local6", 22}, Choice<int>{"local7", 23},
};
constexpr std::array kMessages = {Choice<bool>{"output", false}, Choice<bool>{"json", true}};

constexpr std::array kSyslog = {
    Option{"transport", "KIND", "unix, udp, tcp or tls; default: unix.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kTransports, o.syslog.transport); }},
    Option{"address", "ADDRESS", "Path of the socket (default: /dev/log), or HOST:PORT.", false,
           false, [](Options& o, Values v) { return ParseText(v[0], o.syslog.address); }},
    Option{"facility", "NAME",
           "As syslog(3) has them: daemon, authpriv, local0 …; default: daemon.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kFacilities, o.syslog.facility); }},
    Option{"app_name", "NAME", "APP-NAME of the messages; default: nezuban.", false, false,
           [](Options& o, Values v) { return ParseText(v[0], o.syslog.app_name); }},
    Option{"enterprise_id", "NUMBER",
           "Private enterprise number in the names of structured data; default: 32473, which is "
           "for documentation.",
           false, false,
           [](Options& o, Values v) {
             return ParseNumber(v[0], 1, 4'294'967'295, o.syslog.enterprise_id);
           }},
    Option{"message", "WHAT", "output or json; default: output.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kMessages, o.syslog.json); }},
    Option{"max_bytes", "BYTES", "Of a message; longer ones are cut; default: 8192.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 480, 65'000, o.syslog.max_bytes); }},
};

std::string CheckSyslog(const Options& o) {
  const SyslogOptions& syslog = o.syslog;
  std::string address;
  if (syslog.transport == SyslogTransport::kUnix) {
    if (!syslog.address.empty() && !syslog.address.starts_with('/')) {
      return "address: expected the path of a socket";
    }
  } else if (!ParseHostPort(syslog.address, address).empty()) {
    return "address: expected HOST:PORT";
  }
  const bool used = syslog.transport == SyslogTransport::kTls;
  return CheckTls(syslog.tls, used ? "" : "without transport: tls");
}

constexpr std::array kWebhook = {
    Option{"url", "URL", "http:// or https://.", true, false,
           [](Options& o, Values v) -> std::string {
             if (!v[0].starts_with("http://") && !v[0].starts_with("https://")) {
               return "expected http://… or https://…";
             }
             return ParseText(v[0], o.webhook.url);
           }},
    Option{"format", "FORMAT", "nezuban or ocsf; default: nezuban.", false, false,
           [](Options& o, Values v) { return Choose(v[0], kFormats, o.webhook.format); }},
    Option{"body", "KIND", "array or lines; default: array.", false, false,
           [](Options& o, Values v) {
             constexpr std::array kBodies = {Choice<bool>{"array", false},
                                             Choice<bool>{"lines", true}};
             return Choose(v[0], kBodies, o.webhook.lines);
           }},
    Option{"headers", "NAME: VALUE", "More headers of the request.", false, true,
           [](Options& o, Values v) -> std::string {
             for (const std::string& header : v) {
               const std::size_t colon = header.find(':');
               if (colon == std::string::npos || colon == 0) return "expected NAME: VALUE";
               if (header.find_first_of("\r\n") != std::string::npos) return "expected one line";
             }
             o.webhook.headers.assign(v.begin(), v.end());
             return {};
           }},
    Option{"token_file", "FILE", "Holds a bearer token; read for each request.", false, false,
           [](Options& o, Values v) { return ParsePath(v[0], o.webhook.token_file); }},
    Option{"batch", "COUNT", "Alerts in one request, at most; default: 100.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 1, 10'000, o.webhook.batch); }},
};

std::string CheckWebhook(const Options& o) {
  const bool used = o.webhook.url.starts_with("https://");
  return CheckTls(o.webhook.tls, used ? "" : "without an https:// url");
}

constexpr std::array kOtlp = {
    Option{"address", "HOST:PORT", "Of the gRPC receiver.", true, false,
           [](Options& o, Values v) { return ParseHostPort(v[0], o.otlp.address); }},
    Option{"plaintext", "BOOL", "Without TLS; default: false.", false, false,
           [](Options& o, Values v) { return ParseFlag(v[0], o.otlp.plaintext); }},
    Option{
        "body", "KIND", "map (keys and values) or json (one string); default: map.", false, false,
        [](Options& o, Values v) {
          constexpr std::array kBodies = {Choice<bool>{"map", false}, Choice<bool>{"json", true}};
          return Choose(v[0], kBodies, o.otlp.json);
        }},
    Option{
        "compression", "KIND", "none or gzip; default: none.", false, false,
        [](Options& o, Values v) {
          constexpr std::array kKinds = {Choice<bool>{"none", false}, Choice<bool>{"gzip", true}};
          return Choose(v[0], kKinds, o.otlp.gzip);
        }},
    Option{"headers", "NAME: VALUE", "Metadata of the call.", false, true,
           [](Options& o, Values v) { return ParseMetadata(v, o.otlp.headers); }},
    Option{"resource", "NAME: VALUE", "More attributes of the resource.", false, true,
           [](Options& o, Values v) { return ParsePairs(v, o.otlp.resource); }},
    Option{"batch", "COUNT", "Alerts in one call, at most; default: 256.", false, false,
           [](Options& o, Values v) { return ParseNumber(v[0], 1, 10'000, o.otlp.batch); }},
};

std::string CheckOtlp(const Options& o) {
  return CheckTls(o.otlp.tls, o.otlp.plaintext ? "with plaintext: true" : "");
}

constexpr std::array kTypes = {
    Type{"file", "JSON lines in a file, rotated.", kFile, {}, nullptr, OpenFile},
    Type{
        "stdout",
        "JSON lines on standard output, none left out: what was not written comes after a restart. "
        "Set output to none besides.",
        kStdout,
        {},
        nullptr,
        OpenStdout},
    Type{"syslog", "RFC 5424 over a unix socket, UDP, TCP or TLS.", kSyslog,
         kTls<&SinkOptions::syslog>, CheckSyslog, OpenSyslog},
    Type{"webhook", "JSON by HTTP POST.", kWebhook,
         // Curl knows no other name than that of the URL.
         std::span<const Option>(kTls<&SinkOptions::webhook>).first(3), CheckWebhook, OpenWebhook},
    Type{"otlp", "OpenTelemetry logs over gRPC, each an OCSF Detection Finding.", kOtlp,
         kTls<&SinkOptions::otlp>, CheckOtlp, OpenOtlp},
};

}  // namespace

std::span<const Type> Types() { return kTypes; }
std::span<const Option> CommonOptions() { return kCommon; }

const Type* FindType(std::string_view name) {
  const auto* type = std::ranges::find(kTypes, name, &Type::name);
  return type == kTypes.end() ? nullptr : type;
}

const Option* FindOption(const Type& type, std::string_view name) {
  for (const std::span<const Option> group :
       {std::span<const Option>(kCommon), type.options, type.tls}) {
    const auto row = std::ranges::find(group, name, &Option::name);
    if (row != group.end()) return &*row;
  }
  return nullptr;
}

std::vector<std::string_view> OptionNames(const Type& type) {
  std::vector<std::string_view> names;
  for (const std::span<const Option> group :
       {std::span<const Option>(kCommon), type.options, type.tls}) {
    for (const Option& option : group) names.push_back(option.name);
  }
  return names;
}

Result<std::unique_ptr<Destination>> Open(const SinkOptions& options, const NodeNames& names) {
  const Type* type = FindType(options.type);
  CHECK(type != nullptr);
  auto opened = type->open(options, names);
  if (!opened) return Fail("sink " + options.name, opened.error());
  return opened;
}

}  // namespace nezuban::sinks
