// SPDX-License-Identifier: Apache-2.0
// What systemd is told of the service: sd_notify(3)'s datagrams, without its library.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace nezuban::daemon {

// Sends `state` ("READY=1") to the socket that NOTIFY_SOCKET names. False: nobody waits for it, or
// it cannot be reached.
bool NotifySystemd(std::string_view state);

// How often systemd wants to hear from us (WATCHDOG_USEC); nullopt: it does not.
std::optional<std::chrono::microseconds> WatchdogInterval();

}  // namespace nezuban::daemon
