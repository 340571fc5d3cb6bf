// SPDX-License-Identifier: Apache-2.0
#include "kube/answers.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "kube/metadata.pb.h"

namespace nezuban::kube {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxKind = 63;
constexpr std::size_t kMaxVersion = 64;
constexpr std::size_t kMaxContinueToken = 4096;
constexpr std::size_t kMaxMessage = 256;
constexpr std::string_view kMirrorOf = "kubernetes.io/config.mirror";
constexpr std::string_view kHash = "kubernetes.io/config.hash";

// Unknown members are skipped, at most a hundred levels deep (protobuf's limit).
template <typename Message>
bool FromJson(std::string_view text, Message& message) {
  if (text.empty()) return false;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage({text.data(), text.size()}, &message, options)
      .ok();
}

bool IsVersion(std::string_view text) {
  return text.size() <= kMaxVersion && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

bool IsKind(std::string_view text) { return text.size() <= kMaxKind && IsVersion(text); }

// Of a pod: uuids, and hashes of a kubelet's.
bool IsUid(std::string_view text) { return IsName(text) && text.size() <= kMaxVersion; }

// Who makes an object writes there what he likes: the rest of the object is good all the same.
void TakeController(const json::Metadata& metadata, Object& object) {
  const auto& owners = metadata.owner_references();
  const auto owner =
      std::ranges::find_if(owners, [](const auto& reference) { return reference.controller(); });
  if (owner == owners.end()) return;
  if (!IsKind(owner->kind()) || owner->kind().empty() || !IsName(owner->name()) ||
      !IsUid(owner->uid()) || owner->api_version().size() > kMaxName) {
    object.controller_unreadable = true;
    return;
  }
  object.controller =
      OwnerReference{owner->api_version(), owner->kind(), owner->name(), owner->uid()};
}

std::optional<Object> ToObject(const json::Metadata& metadata) {
  if (!IsName(metadata.name()) || !IsUid(metadata.uid())) return std::nullopt;
  if (!metadata.namespace_().empty() && !IsName(metadata.namespace_())) return std::nullopt;
  Object object{metadata.name(), metadata.namespace_(), metadata.uid()};
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  for (const auto& [key, value] : metadata.labels()) labels.emplace_back(key, value);
  object.labels = state::MakeLabels(std::move(labels));
  TakeController(metadata, object);
  const auto& annotations = metadata.annotations();
  const auto hash = annotations.find(std::string(kHash));
  if (hash != annotations.end() && annotations.contains(std::string(kMirrorOf)) &&
      IsUid(hash->second)) {
    object.node_uid = hash->second;
  }
  return object;
}

struct Type {
  std::string_view name;
  Change change;
};
constexpr Type kTypes[] = {
    {"ADDED", Change::kPut},         {"MODIFIED", Change::kPut}, {"DELETED", Change::kRemoved},
    {"BOOKMARK", Change::kBookmark}, {"ERROR", Change::kError},
};

}  // namespace

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kMaxName || text.front() == '.') return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == ':';
  });
}

std::optional<List> ParseList(std::string_view text) {
  json::PartialObjectList message;
  if (!FromJson(text, message)) return std::nullopt;
  List list;
  list.version = message.metadata().resource_version();
  list.continue_token = message.metadata().continue_token();
  if (list.version.empty() || !IsVersion(list.version)) return std::nullopt;
  if (list.continue_token.size() > kMaxContinueToken) return std::nullopt;
  for (const json::PartialObject& item : message.items()) {
    if (auto object = ToObject(item.metadata())) {
      list.objects.push_back(*std::move(object));
    } else {
      ++list.unreadable;
    }
  }
  return list;
}

std::optional<Event> ParseEvent(std::string_view line) {
  json::WatchEvent message;
  if (!FromJson(line, message)) return std::nullopt;
  const auto type = std::ranges::find(kTypes, std::string_view(message.type()), &Type::name);
  if (type == std::end(kTypes)) return std::nullopt;
  Event event{.change = type->change};
  event.version = message.object().metadata().resource_version();
  if (!IsVersion(event.version)) return std::nullopt;
  if (event.change == Change::kError) {
    event.code = message.object().code();
    event.message = message.object().message().substr(0, kMaxMessage);
  } else if (event.change != Change::kBookmark) {
    event.object = ToObject(message.object().metadata());
  }
  return event;
}

std::optional<Object> ParseObject(std::string_view text) {
  json::PartialObject message;
  if (!FromJson(text, message)) return std::nullopt;
  return ToObject(message.metadata());
}

std::string ParseMessage(std::string_view text) {
  json::PartialObject message;
  if (!FromJson(text, message)) return {};
  return message.message().substr(0, kMaxMessage);
}

}  // namespace nezuban::kube
