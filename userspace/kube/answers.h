// SPDX-License-Identifier: Apache-2.0
// What an API server answers → what we keep of it. An answer is not trusted: what does not fit its
// form is no answer, and names that could lead a path elsewhere are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/container_metadata.h"

namespace nezuban::kube {

struct OwnerReference {
  std::string api_version;  // "apps/v1"
  std::string kind;
  std::string name;
  std::string uid;
  bool operator==(const OwnerReference&) const = default;
};

struct Object {
  std::string name, ns, uid;  // never empty, but ns of what is in no namespace
  state::Labels labels;
  std::optional<OwnerReference> controller;
  bool controller_unreadable = false;  // somebody controls it, but nobody can say who
  // Of a pod that a kubelet made from a file: what the node calls it instead of by its uid.
  std::string node_uid;
};

struct List {
  std::string version;         // of all that is in it
  std::string continue_token;  // empty: this was the last page
  std::vector<Object> objects;
  std::size_t unreadable = 0;  // objects that were left out
};

enum class Change : std::uint8_t { kPut, kRemoved, kBookmark, kError };

struct Event {
  Change change = Change::kError;
  std::optional<Object> object;  // nullopt: it could not be read, or there is none
  std::string version;           // may be empty
  std::int32_t code = 0;         // of an error: an HTTP status
  std::string message;
};

// nullopt: not what was asked for.
std::optional<List> ParseList(std::string_view text);
std::optional<Event> ParseEvent(std::string_view line);
std::optional<Object> ParseObject(std::string_view text);
// "Forbidden: pods is forbidden: …" of a refusal's body, cut; empty: it says nothing of the kind.
std::string ParseMessage(std::string_view text);

// Whether it can be part of a request's path: what Kubernetes allows a name to be made of.
bool IsName(std::string_view text);

}  // namespace nezuban::kube
