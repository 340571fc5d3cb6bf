// SPDX-License-Identifier: Apache-2.0
#include <initializer_list>
#include <iterator>

#include "probe/acts.h"
#include "probe/sensors.h"

namespace nezuban::probe {
namespace {

std::vector<SensorRow> Join(std::initializer_list<std::vector<SensorRow>> parts) {
  std::vector<SensorRow> all;
  for (const std::vector<SensorRow>& part : parts)
    std::copy(part.begin(), part.end(), std::back_inserter(all));
  return all;
}

}  // namespace

// Numbers: x86-64, i386, arm64.
std::vector<SensorRow> PrivilegeSensors() {
  return Join({
      SyscallSensors(EVENT_NAMESPACE, {{"setns", {308, 346, 268}}, {"unshare", {272, 310, 97}}},
                     ActNamespace),
  });
}

}  // namespace nezuban::probe
