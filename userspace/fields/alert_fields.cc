// SPDX-License-Identifier: Apache-2.0
// What an alert tells beside the fields of its event. Only conditions over alerts can ask for it:
// when a rule is decided, there is no alert yet.
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr FieldDef Row(std::string_view name, std::string_view doc) {
  return {.name = name, .doc = doc};
}

constexpr FieldDef kFields[] = {
    Row("alert.event", "The event of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.cluster", "The cluster of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.hostname", "The host of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.node", "The node of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.output", "The text of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.priority",
        "The priority of an alert, as Critical; only in conditions over alerts. (Ours.)"),
    Row("alert.rule", "The rule of an alert; only in conditions over alerts. (Ours.)"),
    Row("alert.source", "The source of an alert; only in conditions over alerts. (Ours.)"),
    {.name = "alert.tags",
     .several = Several::kList,
     .doc = "The tags of an alert; only in conditions over alerts. (Ours.)"},
};

}  // namespace

std::span<const FieldDef> AlertFields() { return kFields; }

}  // namespace nezuban::fields
