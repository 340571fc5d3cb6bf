// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"

#include <sys/resource.h>

namespace nezuban {

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // up to the hard limit nothing refuses it
}

}  // namespace nezuban
