// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace nezuban::state {

class ContainerTable;

}  // namespace nezuban::state
