// SPDX-License-Identifier: Apache-2.0
// Where the API server is, and who we are to it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nezuban::kube {

struct Endpoint {
  std::string url;         // "https://10.96.0.1:443"
  std::string ca_file;     // what vouches for its certificate
  std::string token_file;  // read anew for each request: tokens are replaced; empty: none is sent
};

// The address a pod finds in its environment (KUBERNETES_SERVICE_HOST and _PORT); empty: in no pod.
std::string InClusterUrl();

// What is wrong with it, or empty: only https, and nothing but a host and a port.
std::string CheckUrl(const std::string& url);

// For a query: whatever is no letter, digit, '-', '_' or '.' as %XX.
std::string Escaped(std::string_view text);

}  // namespace nezuban::kube
