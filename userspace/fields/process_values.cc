// SPDX-License-Identifier: Apache-2.0
#include "fields/process_values.h"

#include <algorithm>
#include <cstring>

#include "fields/convert.h"

namespace nezuban::fields {
namespace {

// argv as the process has it, taken apart after argv[0].
struct Argv {
  Value first;  // argv[0]
  Value rest;   // the others, still separated by NULs, without the last one
};

std::uint32_t Less(std::uint32_t total, std::size_t by) {
  if (total == STR_TOTAL_UNKNOWN) return total;
  return total > by ? total - static_cast<std::uint32_t>(by) : 0;
}

// argv as it is, or with its secrets masked; what was cut off stays as long as it was.
Value AllArgs(const FieldContext& c, const state::Process& p) {
  const Value all = FromText(p.args);
  const auto* text = std::get_if<Text>(&all);
  if (c.redactor == nullptr || text == nullptr) return all;
  const auto masked = c.redactor->Redact(text->bytes);
  if (!masked) return all;
  return Text(c.arena.Copy(*masked), Less(text->total, text->bytes.size() - masked->size()));
}

Argv SplitArgv(const FieldContext& c, const state::Process& p) {
  const Value all = AllArgs(c, p);
  const auto* text = std::get_if<Text>(&all);
  if (text == nullptr || !ExecKnown(p)) return {Unknown{}, Unknown{}};
  const std::size_t end = text->bytes.find('\0');
  if (end == std::string_view::npos) {
    // argv[0] itself was cut, or there is no argument at all.
    if (text->truncated()) return {Text(text->bytes, STR_TOTAL_UNKNOWN), Unknown{}};
    return {Text(text->bytes), Text(std::string_view())};
  }
  std::string_view rest = text->bytes.substr(end + 1);
  const std::uint32_t total = Less(text->total, end + 2);  // the NULs after argv[0] and at the end
  if (!text->truncated() && rest.ends_with('\0')) rest.remove_suffix(1);
  if (rest.empty() && text->truncated()) return {Text(text->bytes.substr(0, end)), Unknown{}};
  return {Text(text->bytes.substr(0, end)),
          Text(rest, std::max(total, static_cast<std::uint32_t>(rest.size())))};
}

// head, a blank, and `rest` with its NULs turned into blanks.
Value Line(const FieldContext& c, const Value& head, const Value& rest) {
  const auto* first = std::get_if<Text>(&head);
  if (first == nullptr) return Unknown{};
  if (first->truncated()) return *first;
  const auto* args = std::get_if<Text>(&rest);
  if (args == nullptr) {
    return Text(c.arena.Concat({first->bytes, " "}), STR_TOTAL_UNKNOWN);
  }
  if (args->bytes.empty() && !args->truncated()) return *first;
  const std::span<char> bytes = c.arena.Bytes(first->bytes.size() + 1 + args->bytes.size());
  std::ranges::copy(first->bytes, bytes.begin());
  bytes[first->bytes.size()] = ' ';
  std::ranges::replace_copy(args->bytes, bytes.begin() + first->bytes.size() + 1, '\0', ' ');
  const std::uint32_t total =
      args->total == STR_TOTAL_UNKNOWN
          ? STR_TOTAL_UNKNOWN
          : static_cast<std::uint32_t>(bytes.size() + (args->total - args->bytes.size()));
  return Text({bytes.data(), bytes.size()}, total);
}

}  // namespace

bool ExecKnown(const state::Process& p) {
  return p.exec_ns != 0 || p.from_snapshot || !p.exe_path.bytes.empty();
}

Value ProcessName(const FieldContext&, const state::Process& p) {
  return p.comm.empty() ? Value(Unknown{}) : Value(Text(p.comm));
}

Value ProcessExe(const FieldContext& c, const state::Process& p) { return SplitArgv(c, p).first; }

Value ProcessExePath(const FieldContext&, const state::Process& p) {
  return ExecKnown(p) ? FromText(p.exe_path) : Value(Unknown{});
}

Value ProcessArgs(const FieldContext& c, const state::Process& p) {
  const Value rest = SplitArgv(c, p).rest;
  const auto* args = std::get_if<Text>(&rest);
  if (args == nullptr || args->bytes.empty()) return rest;
  const std::span<char> bytes = c.arena.Bytes(args->bytes.size());
  std::ranges::replace_copy(args->bytes, bytes.begin(), '\0', ' ');
  return Text({bytes.data(), bytes.size()}, args->total);
}

Value ProcessCmdline(const FieldContext& c, const state::Process& p) {
  return Line(c, ProcessName(c, p), SplitArgv(c, p).rest);
}

Value ProcessExeline(const FieldContext& c, const state::Process& p) {
  const Argv argv = SplitArgv(c, p);
  return Line(c, argv.first, argv.rest);
}

Value ProcessCwd(const FieldContext& c, const state::Process& p) {
  if (!ExecKnown(p)) return Unknown{};
  const Value cwd = FromText(p.cwd);
  const auto* text = std::get_if<Text>(&cwd);
  if (text == nullptr || text->truncated() || text->bytes.ends_with('/')) return cwd;
  return c.arena.Concat({text->bytes, "/"});
}

Value ProcessPid(const FieldContext&, const state::Process& p) { return std::int64_t{p.key.tgid}; }

Value ProcessArg(const FieldContext& c, const state::Process& p, std::int64_t index) {
  const Value rest = SplitArgv(c, p).rest;
  const auto* args = std::get_if<Text>(&rest);
  if (args == nullptr) return Unknown{};
  std::string_view left = args->bytes;
  for (; index > 0; --index) {
    const std::size_t end = left.find('\0');
    if (end == std::string_view::npos) {
      return args->truncated() ? Value(Unknown{}) : Value(std::string_view());
    }
    left.remove_prefix(end + 1);
  }
  const std::size_t end = left.find('\0');
  if (end == std::string_view::npos && args->truncated()) return Text(left, STR_TOTAL_UNKNOWN);
  return left.substr(0, end);
}

Value ProcessArgCount(const FieldContext& c, const state::Process& p) {
  const Value rest = SplitArgv(c, p).rest;
  const auto* args = std::get_if<Text>(&rest);
  if (args == nullptr || args->truncated()) return Unknown{};
  return args->bytes.empty() ? std::int64_t{0} : std::ranges::count(args->bytes, '\0') + 1;
}

Value ProcessArgBytes(const FieldContext& c, const state::Process& p) {
  const Value count = ProcessArgCount(c, p);
  const auto* n = std::get_if<std::int64_t>(&count);
  if (n == nullptr || *n == 0) return count;
  const auto bytes = std::get<Text>(SplitArgv(c, p).rest).bytes.size();
  return static_cast<std::int64_t>(bytes) - (*n - 1);
}

ParentStep ParentOf(const FieldContext& c, const state::Process& p) {
  if (p.parent.tgid == 0) return {nullptr, p.key.tgid <= 2 || ExecKnown(p)};
  const state::Process* parent = c.event.processes.Parent(p);
  return {parent, parent != nullptr};
}

ParentStep Ancestor(const FieldContext& c, std::int64_t steps) {
  ParentStep at{&c.process(), true};
  if (steps > kMaxAncestors) return {nullptr, false};
  for (; steps > 0 && at.process != nullptr; --steps) at = ParentOf(c, *at.process);
  return at;
}

Value EachAncestor(const FieldContext& c, const Argument& argument,
                   Value (*of)(const FieldContext&, const state::Process&)) {
  if (argument.kind == Argument::Kind::kIndex) {
    const ParentStep at = Ancestor(c, argument.index);
    if (at.process != nullptr) return of(c, *at.process);
    return at.known ? Value(Absent{}) : Value(Unknown{});
  }
  const std::span<Value> values = c.arena.Values(kMaxAncestors);
  std::size_t count = 0;
  ParentStep at = ParentOf(c, c.process());
  for (; at.process != nullptr && count + 1 < values.size(); ++count) {
    values[count] = of(c, *at.process);
    at = ParentOf(c, *at.process);
  }
  if (at.process != nullptr || !at.known) values[count++] = Unknown{};
  return ValueList{values.data(), count};
}

}  // namespace nezuban::fields
