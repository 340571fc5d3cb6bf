// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace nezuban::rpc {

// The exit code of an error of who asked.
inline constexpr int kBadInput = 1;

}  // namespace nezuban::rpc
