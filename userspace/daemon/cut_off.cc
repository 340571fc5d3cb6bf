// SPDX-License-Identifier: Apache-2.0
#include "daemon/cut_off.h"

#include <algorithm>
#include <string>

namespace nezuban::daemon {

alert::Alert CutOffAlert(std::int64_t alive_ns, std::int64_t now_ns, std::int64_t booted_ns) {
  const bool node_went_down = alive_ns < booted_ns;
  const std::int64_t blind_s = std::max<std::int64_t>(now_ns - alive_ns, 0) / 1'000'000'000;
  alert::Alert alert;
  alert.time_ns = now_ns;
  alert.id = "cut-off-" + std::to_string(alive_ns);
  alert.rule = "Monitor was cut off";
  alert.priority = node_went_down ? alert::Priority::kNotice : alert::Priority::kCritical;
  alert.source = "nezuban";
  alert.event_type = "start";
  alert.message = std::string("the monitor before this one ended without being told to: ") +
                  (node_went_down ? "the node went down with it" : "it was killed, or it crashed") +
                  ". It was last known to watch at " + alert::FormatTime(alive_ns) +
                  "; for the about " + std::to_string(blind_s) + " s since then, nobody did";
  alert.tags = {"health", "nezuban"};
  alert.fields = {{"last_alive", alert::FormatTime(alive_ns)},
                  {"blind_s", blind_s},
                  {"node_went_down", node_went_down}};
  return alert;
}

}  // namespace nezuban::daemon
