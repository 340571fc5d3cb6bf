// SPDX-License-Identifier: Apache-2.0
// Ids of users and groups. Their names need the passwd files: unanswered_fields.cc.
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr FieldDef kFields[] = {
    {.name = "user.uid",
     .type = Type::kInt,
     .doc = "Effective user id of the thread, in the node's user namespace.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{c.header().euid};
     }},
    {.name = "user.loginuid",
     .type = Type::kInt,
     .doc = "Audit login uid, -1 if unset.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{static_cast<std::int32_t>(c.header().loginuid)};
     }},
    {.name = "group.gid",
     .type = Type::kInt,
     .doc = "Effective group id of the thread, in the node's user namespace.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{c.header().egid};
     }},
};

}  // namespace

std::span<const FieldDef> UserFields() { return kFields; }

}  // namespace nezuban::fields
