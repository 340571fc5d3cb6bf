// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

Draft<call_record> Call(int event, std::uint8_t variant) {
  return Draft<call_record>(Actor{.tgid = 20, .comm = "tool"}, event, variant);
}

TEST(PrivilegeEvents, Setns) {
  Reader reader;
  auto setns = Call(EVENT_NAMESPACE, 0);
  setns->arg[0] = 9;
  setns->known[0] = CLONE_NEWNS;
  setns->known[1] = 4026531841;
  const Case kCases[] = {
      {"evt.type", "setns"},     {"evt.category", "process"},       {"evt.rawres", "0"},
      {"evt.arg.fd", "9"},       {"evt.arg.nstype", "CLONE_NEWNS"}, {"evt.arg.ns", "4026531841"},
      {"evt.arg.pid", "absent"}, {"evt.arg.flags", "absent"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(setns.Build(), c.field), c.value) << c.field;
  setns->known[0] = setns->known[1] = 0;
  setns->arg[1] = CLONE_NEWPID | CLONE_NEWNET;
  setns->target_tgid = 77;
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.nstype"), "CLONE_NEWNET|CLONE_NEWPID");
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.ns"), "absent");
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.pid"), "77");
}

TEST(PrivilegeEvents, Unshare) {
  Reader reader;
  auto unshare = Call(EVENT_NAMESPACE, 1);
  unshare->arg[0] = CLONE_NEWUSER | CLONE_NEWNS;
  unshare->result = -EPERM;
  const Case kCases[] = {{"evt.type", "unshare"},
                         {"evt.res", "EPERM"},
                         {"evt.arg.flags", "CLONE_NEWNS|CLONE_NEWUSER"},
                         {"evt.arg.nstype", "absent"},
                         {"evt.args", "res=EPERM flags=CLONE_NEWNS|CLONE_NEWUSER"}};
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(unshare.Build(), c.field), c.value) << c.field;
}

}  // namespace
}  // namespace nezuban::fields
