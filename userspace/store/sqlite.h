// SPDX-License-Identifier: Apache-2.0
// The little of SQLite's C interface that the store needs, with owners for what has to be freed.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/result.h"

namespace nezuban::store {

// Why the database did not do something.
struct Fault {
  enum class Kind : std::uint8_t {
    kUnavailable,  // disk full, no permission, an error of the device: may work later
    kDamaged,      // what is in the file makes no sense
    kInUse,        // another process has it
    kTooNew,       // written by a later version
  };
  Kind kind = Kind::kUnavailable;
  std::string message;
};
template <typename T>
using OrFault = tl::expected<T, Fault>;

// What `db` said of the call that just failed.
Fault LastFault(sqlite3* db, std::string_view doing);

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;

// A prepared statement, used over and over. One thread.
class Statement {
 public:
  Statement() = default;
  // REQUIRES: the database outlives it.
  static OrFault<Statement> Prepare(sqlite3* db, const char* sql);

  // Parameters count from 1. Text and blobs are not copied: they must live until Reset.
  Statement& Bind(int index, std::int64_t value);
  Statement& BindText(int index, std::string_view value);
  Statement& BindBlob(int index, std::string_view value);

  // True: there is a row. Columns count from 0; what they view lives until the next Step or Reset.
  OrFault<bool> Step();
  std::int64_t Int(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string_view Bytes(int column) const;

  void Reset();
  // Step until there are no more rows, and Reset.
  OrFault<void> Run();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Resets a statement at the end of a scope, so that no early return leaves it busy.
class [[nodiscard]] ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.Reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

// Runs SQL without parameters or results.
OrFault<void> Execute(sqlite3* db, const std::string& sql);

}  // namespace nezuban::store

// FAULT_OR(auto x, F()): x becomes F's value, or the function returns F's fault.
#define FAULT_OR(lhs, expr) FAULT_OR_(NEZUBAN_CONCAT(fault_, __LINE__), lhs, expr)
#define FAULT_OR_(tmp, lhs, expr)                          \
  auto tmp = (expr);                                       \
  if (!tmp) return tl::unexpected(std::move(tmp).error()); \
  lhs = std::move(*tmp)
#define RETURN_IF_FAULT(expr)                                                         \
  do {                                                                                \
    if (auto done_ = (expr); !done_) return tl::unexpected(std::move(done_).error()); \
  } while (0)
