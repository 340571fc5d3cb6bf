// SPDX-License-Identifier: Apache-2.0
// The tables of the store's file, version by version, and how a file becomes of the newest one.
#include <sys/random.h>

#include <array>

#include "store/database.h"

namespace nezuban::store {
namespace {

// "nzbn", so that file(1) and we know our own.
constexpr std::int64_t kApplicationId = 0x6e7a626e;
// Beyond it is no version of ours but damage.
constexpr std::int64_t kMaxPlausibleVersion = 1000;

// Version n + 1 of version n. Never changed once released, only added to.
constexpr const char* kSteps[] = {
    "CREATE TABLE entries (cursor INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
    "  first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL,"
    "  priority INTEGER NOT NULL, reason INTEGER NOT NULL, rule TEXT NOT NULL,"
    "  bytes BLOB NOT NULL, checksum INTEGER NOT NULL);"
    "CREATE TABLE jumps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);"
    "CREATE TABLE consumers (name TEXT PRIMARY KEY, position INTEGER NOT NULL,"
    "  seen_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL,"
    "  newest INTEGER NOT NULL, alive_ns INTEGER NOT NULL, alerts INTEGER NOT NULL,"
    "  deleted_last INTEGER NOT NULL, deleted_first_ns INTEGER NOT NULL,"
    "  deleted_last_ns INTEGER NOT NULL);",
    "ALTER TABLE state ADD COLUMN run TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE state ADD COLUMN boot TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE state ADD COLUMN cut_off_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE state ADD COLUMN cut_off_boot TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE state ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
};

OrFault<void> Begin(sqlite3* db, Cursor base, std::int64_t now_ns) {
  const std::string cursor = std::to_string(base);
  RETURN_IF_FAULT(Execute(db, "PRAGMA application_id = " + std::to_string(kApplicationId)));
  if (base > 0) RETURN_IF_FAULT(Execute(db, "INSERT INTO jumps VALUES (1, " + cursor + ")"));
  return Execute(db,
                 "INSERT INTO state (one, id, newest, alive_ns, alerts, deleted_last,"
                 " deleted_first_ns, deleted_last_ns) VALUES (1, '" +
                     RandomId() + "', " + cursor + ", " + std::to_string(now_ns) + ", 0, " +
                     cursor + ", 0, " + std::to_string(now_ns) + ")");
}

}  // namespace

std::string RandomId() {
  std::array<std::uint8_t, 16> random{};
  // Cannot fail for so few bytes once the system is up; all zeros would still be an id.
  static_cast<void>(::getrandom(random.data(), random.size(), 0));
  std::string id;
  for (const std::uint8_t byte : random) {
    static constexpr char kHex[] = "0123456789abcdef";
    id += kHex[byte >> 4];
    id += kHex[byte & 15];
  }
  return id;
}

Schema CurrentSchema() { return kSteps; }

OrFault<std::int64_t> Database::Migrate(Schema schema, Cursor base, std::int64_t now_ns) {
  FAULT_OR(const std::int64_t application, Pragma("application_id"));
  FAULT_OR(const std::int64_t version, Pragma("user_version"));
  FAULT_OR(const std::int64_t tables, Pragma("schema_version"));
  is_new_ = tables == 0;
  const auto wanted = static_cast<std::int64_t>(schema.size());
  const bool ours =
      is_new_ ? application == 0 && version == 0
              : application == kApplicationId && version >= 1 && version <= kMaxPlausibleVersion;
  if (!ours) return tl::unexpected(Fault{Fault::Kind::kDamaged, "not a store of nezuban"});
  if (version > wanted) {
    return tl::unexpected(Fault{Fault::Kind::kTooNew, "schema version " + std::to_string(version) +
                                                          "; this nezuban knows versions up to " +
                                                          std::to_string(wanted)});
  }
  if (version == wanted) return version;
  for (std::int64_t step = version; step < wanted; ++step) {
    RETURN_IF_FAULT(Execute(handle_.get(), schema[static_cast<std::size_t>(step)]));
  }
  if (is_new_) RETURN_IF_FAULT(Begin(handle_.get(), base, now_ns));
  RETURN_IF_FAULT(Execute(handle_.get(), "PRAGMA user_version = " + std::to_string(wanted)));
  return version;
}

}  // namespace nezuban::store
