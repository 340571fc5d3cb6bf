// SPDX-License-Identifier: Apache-2.0
// The acts of sensors_privilege.cc; what holds of all acts is said in acts.h.
#pragma once

#include "probe/sensors.h"

namespace nezuban::probe {

bool ActNamespace(const ProofContext& context);    // setns with no descriptor, unshare of nothing
bool ActRoot(const ProofContext& context);         // chroot to no path
bool ActMountApi(const ProofContext& context);     // fsopen of no file system
bool ActPtrace(const ProofContext& context);       // a pidfd of process -1
bool ActSignal(const ProofContext& context);       // SIGURG, which nobody heeds, to the monitor
bool ActSetuid(const ProofContext& context);       // setfsuid(-1), which changes nothing
bool ActCapset(const ProofContext& context);       // capset of nothing
bool ActCredentials(const ProofContext& context);  // an effective capability put down and taken up
bool ActBpf(const ProofContext& context);          // a bpf command there is not
bool ActModule(const ProofContext& context);       // a module from no descriptor
bool ActKeyctl(const ProofContext& context);       // a keyctl operation there is not

}  // namespace nezuban::probe
