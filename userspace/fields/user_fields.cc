// SPDX-License-Identifier: Apache-2.0
// Users and groups by number, and what the files of the container, or of the node, call them.
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::User;
using state::UserNames;

constexpr std::string_view kNobody = "<NA>";  // rules compare with the text
constexpr std::uint32_t kUnset = 0xffffffffU;

// Who is not found has no name: unless there is more in the files, or they may have changed.
Value NotFound(const state::KnownNames& known) {
  const bool certain =
      known.names != nullptr && known.names->whole && !known.awaited && !known.stale;
  return certain ? Value(kNobody) : Value(Unknown{});
}

template <std::string User::*member>
Value OfUser(const state::Container* place, std::uint32_t uid) {
  if (place == nullptr) return Unknown{};
  const state::KnownNames& known = place->users;
  const User* user = known.names != nullptr ? known.names->FindUser(uid) : nullptr;
  return user != nullptr ? Value(Text(user->*member)) : NotFound(known);
}

// Who has the number 0 is root, whatever a container writes into its files.
Value UserName(const FieldContext& c, const Argument&) {
  if (c.header().euid == 0) return "root";
  return OfUser<&User::name>(c.event.container, c.header().euid);
}

// Logging in is the node's affair, wherever the process is now.
Value LoginName(const FieldContext& c, const Argument&) {
  if (c.header().loginuid == kUnset) return kNobody;
  if (c.header().loginuid == 0) return "root";
  return OfUser<&User::name>(c.event.node, c.header().loginuid);
}

template <std::string User::*member>
Value OfEffective(const FieldContext& c, const Argument&) {
  return OfUser<member>(c.event.container, c.header().euid);
}

Value GroupName(const FieldContext& c, const Argument&) {
  if (c.header().egid == 0) return "root";
  if (c.event.container == nullptr) return Unknown{};
  const state::KnownNames& known = c.event.container->users;
  const state::Group* group =
      known.names != nullptr ? known.names->FindGroup(c.header().egid) : nullptr;
  return group != nullptr ? Value(Text(group->name)) : NotFound(known);
}

constexpr FieldDef kFields[] = {
    {.name = "user.name",
     .doc =
         "Name of user.uid in the container's passwd file, or the node's; root for 0, <NA> if it "
         "has none.",
     .get = UserName},
    {.name = "user.loginname",
     .doc = "Name of user.loginuid in the node's passwd file, <NA> if it has none or nobody logged "
            "in.",
     .get = LoginName},
    {.name = "user.homedir",
     .doc = "Home directory of user.uid, <NA> if it has none.",
     .get = OfEffective<&User::home>},
    {.name = "user.shell",
     .doc = "Login shell of user.uid, <NA> if it has none.",
     .get = OfEffective<&User::shell>},
    {.name = "group.name",
     .doc =
         "Name of group.gid in the container's group file, or the node's; root for 0, <NA> if it "
         "has none.",
     .get = GroupName},
    {.name = "user.uid",
     .type = Type::kInt,
     .doc = "Effective user id of the thread, in the node's user namespace.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{c.header().euid};
     }},
    {.name = "user.loginuid",
     .type = Type::kInt,
     .doc = "Audit login uid, -1 if unset.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{static_cast<std::int32_t>(c.header().loginuid)};
     }},
    {.name = "group.gid",
     .type = Type::kInt,
     .doc = "Effective group id of the thread, in the node's user namespace.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{c.header().egid};
     }},
};

}  // namespace

std::span<const FieldDef> UserFields() { return kFields; }

}  // namespace nezuban::fields
