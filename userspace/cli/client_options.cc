// SPDX-License-Identifier: Apache-2.0
#include "cli/client_options.h"

#include <CLI/CLI.hpp>

namespace nezuban::cli {

void AddClientOptions(CLI::App& command, rpc::Endpoint& endpoint) {
  command
      .add_option("--address", endpoint.address,
                  "unix:PATH, 127.0.0.1:PORT or [::1]:PORT; with --tls-ca any HOST:PORT")
      ->capture_default_str();
  command
      .add_option("--tls-ca", endpoint.tls_ca,
                  "Connect with TLS; this vouches for the monitor's certificate (PEM)")
      ->type_name("FILE");
  command.add_option("--tls-cert", endpoint.tls_certificate, "Our certificate chain (PEM)")
      ->type_name("FILE");
  command.add_option("--tls-key", endpoint.tls_key, "Its private key (PEM)")->type_name("FILE");
  command
      .add_option("--tls-name", endpoint.tls_name,
                  "Name that the monitor's certificate has, if it is not the host's")
      ->type_name("NAME");
}

}  // namespace nezuban::cli
