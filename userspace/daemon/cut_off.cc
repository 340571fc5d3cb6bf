// SPDX-License-Identifier: Apache-2.0
#include "daemon/cut_off.h"

#include <algorithm>
#include <string>

namespace nezuban::daemon {

alert::Alert CutOffAlert(const store::CutOff& cut_off, std::int64_t now_ns) {
  const std::string alive = alert::FormatTime(cut_off.alive_ns);
  const std::int64_t blind_s = std::max<std::int64_t>(now_ns - cut_off.alive_ns, 0) / 1'000'000'000;
  alert::Alert alert;
  alert.time_ns = now_ns;
  alert.id = "cut-off-" + std::to_string(cut_off.alive_ns);
  alert.rule = "Monitor was cut off";
  alert.priority = cut_off.node_went_down ? alert::Priority::kNotice : alert::Priority::kCritical;
  alert.source = "nezuban";
  alert.event_type = "start";
  alert.message = std::string("the monitor before this one ended without being told to: ") +
                  (cut_off.node_went_down
                       ? "the node went down with it"
                       : "it was killed, it crashed, or it could not write its end to the store") +
                  ". It was last known to watch at " + alive + ", about " +
                  std::to_string(blind_s) + " s ago";
  alert.tags = {"health", "nezuban"};
  alert.fields = {
      {"last_alive", alive}, {"blind_s", blind_s}, {"node_went_down", cut_off.node_went_down}};
  return alert;
}

}  // namespace nezuban::daemon
