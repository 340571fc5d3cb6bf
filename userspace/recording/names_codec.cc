// SPDX-License-Identifier: Apache-2.0
#include "recording/names_codec.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace nezuban::recording {
namespace {

using state::NamesAnswer;

constexpr std::array<std::pair<NamesAnswer, v1::RecordedNamesAnswer>, 3> kAnswers = {{
    {NamesAnswer::kRead, v1::RECORDED_NAMES_ANSWER_READ},
    {NamesAnswer::kUnchanged, v1::RECORDED_NAMES_ANSWER_UNCHANGED},
    {NamesAnswer::kUnreadable, v1::RECORDED_NAMES_ANSWER_UNREADABLE},
}};

}  // namespace

void NamesToMessage(const state::NamesItem& item, v1::RecordedNames& out) {
  out.set_cgroup_id(item.cgroup_id);
  for (const auto& [answer, message] : kAnswers) {
    if (answer == item.answer) out.set_answer(message);
  }
  if (item.names == nullptr) return;
  for (const state::User& user : item.names->users) {
    v1::RecordedUser& added = *out.add_users();
    added.set_uid(user.uid);
    added.set_name(user.name);
    added.set_home(user.home);
    added.set_shell(user.shell);
  }
  for (const state::Group& group : item.names->groups) {
    v1::RecordedGroup& added = *out.add_groups();
    added.set_gid(group.gid);
    added.set_name(group.name);
  }
  out.set_cut(!item.names->whole);
}

state::NamesItem NamesFromMessage(const v1::RecordedNames& in) {
  state::NamesItem item{.cgroup_id = in.cgroup_id()};
  for (const auto& [answer, message] : kAnswers) {
    if (message == in.answer()) item.answer = answer;
  }
  if (item.answer != NamesAnswer::kRead) return item;
  state::UserNames names{.whole = !in.cut()};
  for (const v1::RecordedUser& user : in.users()) {
    names.users.push_back({user.uid(), user.name(), user.home(), user.shell()});
  }
  for (const v1::RecordedGroup& group : in.groups()) {
    names.groups.push_back({group.gid(), group.name()});
  }
  // A damaged file may have them in any order.
  std::ranges::stable_sort(names.users, {}, &state::User::uid);
  std::ranges::stable_sort(names.groups, {}, &state::Group::gid);
  item.names = std::make_shared<const state::UserNames>(std::move(names));
  return item;
}

}  // namespace nezuban::recording
