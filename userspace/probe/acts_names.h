// SPDX-License-Identifier: Apache-2.0
// Acts on names of files that get to the hooks of security modules, and change nothing there: on
// file systems where nobody can make or remove a name, whatever his rights. False: there is none
// that can be written to here; the call was made on a name that is empty, which no file has, and
// what that proves ends before the hooks. Quiet ones (ProofContext) do that and no more.
#pragma once

#include "probe/sensors.h"

namespace nezuban::probe {

// A file is given the name it has.
bool ActRename(const ProofContext& context);

// A file that cannot be removed is to be, as a file and as a directory.
bool ActUnlink(const ProofContext& context);

// Where nothing can be made: a directory, a pipe; a link, a symbolic link.
bool ActMkdir(const ProofContext& context);
bool ActMknod(const ProofContext& context);
bool ActLink(const ProofContext& context);

// Of a file in memory that nobody else has.
bool ActChmod(const ProofContext& context);
bool ActChown(const ProofContext& context);

// The root directory is given times there are not.
bool ActUtime(const ProofContext& context);

}  // namespace nezuban::probe
