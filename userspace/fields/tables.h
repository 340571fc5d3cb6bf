// SPDX-License-Identifier: Apache-2.0
// The parts FieldTable joins: one table per class of fields. For fields.cc only.
#pragma once

#include <span>

#include "fields/field.h"

namespace nezuban::fields {

std::span<const FieldDef> EvtFields();
std::span<const FieldDef> ProcFields();
std::span<const FieldDef> GroupFields();
std::span<const FieldDef> AncestorFields();
std::span<const FieldDef> HistoryFields();
std::span<const FieldDef> EnvironmentFields();
std::span<const FieldDef> StdioFields();
std::span<const FieldDef> FdFields();
std::span<const FieldDef> FileFields();
std::span<const FieldDef> MountFields();
std::span<const FieldDef> UserFields();
std::span<const FieldDef> PrivilegeFields();
std::span<const FieldDef> ContainerFields();
std::span<const FieldDef> MetadataFields();
std::span<const FieldDef> ContainerMountFields();
std::span<const FieldDef> PodFields();
std::span<const FieldDef> ClusterFields();
std::span<const FieldDef> SessionFields();
std::span<const FieldDef> AlertFields();
// Rows without a getter, of all classes. Whoever can answer one moves it to its class.
std::span<const FieldDef> UnansweredFields();

}  // namespace nezuban::fields
