// SPDX-License-Identifier: Apache-2.0
#include "daemon/doctor.h"

#include "base/check.h"
#include "daemon/status.h"
#include "probe/probe_source.h"

namespace nezuban::daemon {

Result<std::vector<rpc::SensorStatus>> ExamineSensors(const std::string& choice) {
  const auto sensors = probe::ParseSensorChoice(choice);
  CHECK(sensors);
  probe::ProbeOptions options;
  options.sensors = *sensors;
  ASSIGN_OR_RETURN(const auto source, probe::ProbeSource::Open(options));
  return ToStatus(source->sensors());
}

}  // namespace nezuban::daemon
