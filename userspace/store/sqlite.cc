// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.h"

#include <utility>

namespace nezuban::store {
namespace {

Fault::Kind KindOf(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:  // two rows with one cursor
    case SQLITE_ERROR:       // our SQL is right: a table or column of it is gone
      return Fault::Kind::kDamaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::Kind::kInUse;
    default:
      return Fault::Kind::kUnavailable;
  }
}

}  // namespace

Fault LastFault(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_extended_errcode(db);
  return {KindOf(code),
          std::string(doing) + ": " + sqlite3_errmsg(db) + " (" + std::to_string(code) + ")"};
}

OrFault<Statement> Statement::Prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    return tl::unexpected(LastFault(db, "prepare"));
  }
  Statement made;
  made.handle_.reset(statement);
  return made;
}

// Binding fails for an index that is not there or without memory: the step that follows tells.
Statement& Statement::Bind(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::BindText(int index, std::string_view value) {
  sqlite3_bind_text64(handle_.get(), index, value.data() == nullptr ? "" : value.data(),
                      value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view value) {
  sqlite3_bind_blob64(handle_.get(), index, value.data() == nullptr ? "" : value.data(),
                      value.size(), SQLITE_STATIC);
  return *this;
}

OrFault<bool> Statement::Step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(LastFault(sqlite3_db_handle(handle_.get()), sqlite3_sql(handle_.get())));
}

std::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void Statement::Reset() { sqlite3_reset(handle_.get()); }

OrFault<void> Statement::Run() {
  const ResetAtEnd reset(*this);
  while (true) {
    FAULT_OR(const bool row, Step());
    if (!row) return {};
  }
}

OrFault<void> Execute(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected(LastFault(db, sql));
}

}  // namespace nezuban::store
