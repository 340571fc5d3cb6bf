// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace nezuban::rpc {

// Where a monitor is, and how to prove who is who. With `tls_ca` the connection is over TLS, to any
// "HOST:PORT"; without, only "unix:PATH", "unix:///PATH" and loopback "HOST:PORT" can be reached.
struct Endpoint {
  std::string address = "unix:///run/nezuban/nezuban.sock";
  std::string tls_ca;           // file with what vouches for the monitor's certificate
  std::string tls_certificate;  // file with ours, and those that vouch for it
  std::string tls_key;          // file with its key
  std::string tls_name;         // that the monitor's certificate has; empty: the address's host
};

}  // namespace nezuban::rpc
