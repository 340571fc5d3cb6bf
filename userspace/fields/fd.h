// SPDX-License-Identifier: Apache-2.0
// The descriptor an event is about: a socket or a file.
#pragma once

#include "fields/field.h"

namespace nezuban::fields {

// The socket; nullptr on events without one.
const endpoints* EventSocket(const FieldContext& context);

// The file; nullptr on events without one. Its ino is 0 where it is not known, as of a failed open.
const file_ref* EventFile(const FieldContext& context);

// Number of the descriptor; for dup the old one. Unknown where the sensor does not see it.
Value EventFd(const FieldContext& context);

// "1.2.3.4:1->5.6.7.8:2", the client's end first, the name of a unix socket or the path of a file.
Value FdName(const FieldContext& context);

// The local end only: "1.2.3.4:1", or the name of a unix socket.
Value LocalName(const FieldContext& context);

// The descriptor of a file as a parameter prints it: "<f>/etc/passwd"; of a failed open the error.
Value FileFd(const FieldContext& context);

// container.id, a colon and `name`; what is not a text as it is.
Value InContainer(const FieldContext& context, const Value& name);

// The remote end only: "5.6.7.8:2", or the name of a unix socket.
Value RemoteName(const FieldContext& context);

}  // namespace nezuban::fields
