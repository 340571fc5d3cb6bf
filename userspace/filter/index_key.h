// SPDX-License-Identifier: Apache-2.0
// IndexKey: what an index can look for in a value instead of running a matcher.
#pragma once

#include <cstdint>
#include <optional>

#include "filter/constant.h"

namespace nezuban::filter {

// In the order of what a look-up costs.
enum class KeyKind : std::uint8_t {
  kEqual,        // any scalar: is the constant
  kNetwork,      // an address: lies in it
  kPrefix,       // text: begins with the constant, which is not empty
  kPath,         // text: is the path "/a/b" or below it, however many slashes there are
  kSuffix,       // text: ends with the constant, which is not empty
  kPart,         // text: contains the constant, which is not empty
  kPartAnyCase,  // the same, ASCII letters of either case; the constant in lower case
};

struct IndexKey {
  KeyKind kind = KeyKind::kEqual;
  Constant constant;
  // A value that has the key makes the test true. Else the test has yet to be run.
  bool decides = true;
};

// For the operator table: what a value has for which the operator is not false of the constant, if
// it is whole; nullopt where there is no such thing.
std::optional<IndexKey> EqualKey(const Constant& constant);
std::optional<IndexKey> PrefixKey(const Constant& constant);
std::optional<IndexKey> SuffixKey(const Constant& constant);
std::optional<IndexKey> PartKey(const Constant& constant);
std::optional<IndexKey> AnyCasePartKey(const Constant& constant);
std::optional<IndexKey> GlobKey(const Constant& constant);
std::optional<IndexKey> AnyCaseGlobKey(const Constant& constant);
std::optional<IndexKey> PathKey(const Constant& constant);

}  // namespace nezuban::filter
