// SPDX-License-Identifier: Apache-2.0
// The parts FieldTable joins: one table per class of fields. For fields.cc only.
#pragma once

#include <span>

#include "fields/field.h"

namespace nezuban::fields {

std::span<const FieldDef> EvtFields();
std::span<const FieldDef> ProcFields();
std::span<const FieldDef> AncestorFields();
std::span<const FieldDef> StdioFields();
std::span<const FieldDef> FdFields();
std::span<const FieldDef> FileFields();
std::span<const FieldDef> MountFields();
std::span<const FieldDef> UserFields();
std::span<const FieldDef> ContainerFields();

}  // namespace nezuban::fields
