// SPDX-License-Identifier: Apache-2.0
// What the proving child does to see whether the sensors see it. Each act is done for real but
// changes nothing, is refused by the kernel where it would, and leaves no packet on any wire.
#pragma once

#include "probe/sensors.h"

namespace nezuban::probe {

// A datagram socket is given a remote end on the loopback.
bool ActConnect(const ProofContext& context);

// mount(2) and move_mount(2) with arguments that every kernel refuses.
bool ActMount(const ProofContext& context);

// A unix socket is made.
bool ActSocket(const ProofContext& context);

// A unix socket is given an abstract name that the kernel chooses.
bool ActBind(const ProofContext& context);

// A datagram socket is told to listen, which it cannot.
bool ActListen(const ProofContext& context);

// A datagram socket is asked for a connection, which it cannot have.
bool ActAccept(const ProofContext& context);

// A datagram goes to an address of the loopback where nobody is.
bool ActSend(const ProofContext& context);

// A datagram goes from one unix socket to another, whose owner asks who sent it.
bool ActReceive(const ProofContext& context);

// A descriptor goes over a pair of unix sockets.
bool ActReceiveFd(const ProofContext& context);

// A socket becomes descriptor 0 of the child.
bool ActDup(const ProofContext& context);

// The root directory is opened.
bool ActOpen(const ProofContext& context);

// A file in memory is asked for with flags there are not.
bool ActMemfd(const ProofContext& context);

// A file in memory is mapped as code.
bool ActMmap(const ProofContext& context);

}  // namespace nezuban::probe
