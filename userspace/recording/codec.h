// SPDX-License-Identifier: Apache-2.0
// Items ↔ messages of proto/nezuban/v1/recording.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/redact.h"
#include "base/result.h"
#include "event/owned_record.h"
#include "nezuban/v1/recording.pb.h"
#include "recording/identity.h"
#include "state/item.h"

namespace nezuban::recording {

v1::RecordingHeader ToProto(const Identity& identity);

// Secrets in arguments are masked where `redactor` is given.
void ToProto(const state::Item& item, const Redactor* redactor, v1::RecordingItem& out);

// A record or snapshot with its arguments redacted: the place the mask does not need stays unused,
// and the total says as much less as was cut. Bytes that are no record come back as they are.
std::string RedactRecord(std::span<const std::byte> record, const Redactor& redactor);

// Reads items that a writer with other numbers for its kinds of records may have written.
class Decoder {
 public:
  // Error: records are laid out in a way that is not known here.
  static Result<Decoder> Make(const v1::RecordingHeader& header);

  const Identity& identity() const { return identity_; }
  // Kinds that are not known here, or are laid out otherwise: their records are left out.
  const std::vector<std::string>& unreadable() const { return unreadable_; }

  // nullopt: of a kind that is left out, or nothing that is known here. A record is valid until the
  // next call.
  std::optional<state::Item> Decode(const v1::RecordingItem& item);

 private:
  Decoder() = default;
  std::optional<std::span<const std::byte>> Renumber(const std::string& record);

  Identity identity_;
  std::vector<std::optional<event::EventType>> types_;  // by the writer's number
  std::vector<std::string> unreadable_;
  event::OwnedRecord record_;  // the one at hand
};

}  // namespace nezuban::recording
