// SPDX-License-Identifier: Apache-2.0
// The types of sinks there are and what each can be told: one table, for the config file, its
// messages and whoever opens them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

struct Option {
  std::string_view name;
  std::string_view argument;  // "PATH", "BYTES"
  std::string_view doc;
  bool required;
  bool repeatable;  // takes a list, or a map as a list of "KEY: VALUE"
  // Sets it from one or more values. Returns what was expected, or empty if it was fine.
  std::string (*set)(SinkOptions& options, std::span<const std::string> values);
};

struct Type {
  std::string_view name;
  std::string_view doc;
  std::span<const Option> options;
  std::span<const Option> tls;  // empty: the type has no TLS
  // What the options lack together; empty: nothing. May be null.
  std::string (*check)(const SinkOptions& options);
  // Error: it could never work (a directory that is not there); a peer that is down is none.
  Result<std::unique_ptr<Destination>> (*open)(const SinkOptions& options, const NodeNames& names);
};

std::span<const Type> Types();
// Of every type: name, min_priority, …
std::span<const Option> CommonOptions();

// nullptr if there is none of that name.
const Type* FindType(std::string_view name);
// Among the common ones and the type's.
const Option* FindOption(const Type& type, std::string_view name);
std::vector<std::string_view> OptionNames(const Type& type);

// REQUIRES: the options' type is one of the table.
Result<std::unique_ptr<Destination>> Open(const SinkOptions& options, const NodeNames& names);

}  // namespace nezuban::sinks
