// SPDX-License-Identifier: Apache-2.0
// FieldMap: an event given as a map of field values, for rule tests and for asking "what if".
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fields/field.h"

namespace nezuban::fields {

class FieldMap {
 public:
  FieldMap() = default;
  FieldMap(const FieldMap&) = delete;  // values point into it
  FieldMap& operator=(const FieldMap&) = delete;

  // A field that is not set is absent, unless it follows from others (see Derive).
  void Set(const FieldRef& ref, const Value& value);
  void SetList(const FieldRef& ref, const std::vector<Value>& values);

  bool Has(std::string_view name) const { return values_.contains(name); }

  // Sets what follows from the fields that are set and was left out: fd.typechar from fd.type,
  // evt.res from evt.rawres, proc.pname from proc.aname[1] and so on. Call it last.
  void Derive();

  Value Get(const FieldRef& ref) const;
  FieldSource source() const {
    return FieldSource(this, [](const void* self, const FieldRef& ref) {
      return static_cast<const FieldMap*>(self)->Get(ref);
    });
  }

 private:
  Value Own(const Value& value);
  Value GetByName(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;
  std::deque<std::string> texts_;
  std::deque<std::vector<Value>> lists_;
};

}  // namespace nezuban::fields
