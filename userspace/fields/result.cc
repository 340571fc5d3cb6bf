// SPDX-License-Identifier: Apache-2.0
#include "fields/result.h"

namespace nezuban::fields {

Value EventResult(const FieldContext& context) {
  const event::Event& event = context.event.event;
  const bool unknown = (event.header().flags & RECORD_RESULT_UNKNOWN) != 0;
  if (event.As<exec_record>() != nullptr) return std::int64_t{0};  // only those that succeed
  if (const auto* fork = event.As<fork_record>()) return std::int64_t{fork->child_tgid};
  if (const auto* dup = event.As<dup_record>()) return std::int64_t{dup->new_fd};
  if (const auto* mount = event.As<mount_record>()) {
    return unknown ? Value(Unknown{}) : Value(std::int64_t{mount->result});
  }
  if (const auto* connect = event.As<connect_record>()) {
    return unknown ? Value(Unknown{}) : Value(std::int64_t{connect->result});
  }
  return Absent{};
}

}  // namespace nezuban::fields
