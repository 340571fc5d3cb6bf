// SPDX-License-Identifier: Apache-2.0
#include "ruleset/explain.h"

#include <gtest/gtest.h>

#include <string>

#include "fields/field_map.h"
#include "ruleset/rule_test.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

constexpr char kExplainedRules[] =
    "- macro: shell\n  condition: proc.name in (sh, bash)\n"
    "- macro: known\n  condition: (proc.pname = cron or container.id = host)\n"
    "- rule: r\n  desc: d\n  priority: debug\n  output: o\n"
    "  condition: evt.type = execve and shell and not known\n";

Explanation Explain(const std::string& event_text) {
  Diagnostics diagnostics;
  const Ruleset::File files[] = {{"r", kExplainedRules}};
  const auto rules = Ruleset::FromFiles(files, diagnostics, {.keep_trees = true});
  fields::FieldMap event;
  EXPECT_TRUE(rules != nullptr && ReadEventText(event_text, "e", event, diagnostics))
      << diagnostics.ToString();
  fields::Arena arena;
  return Explainer(*rules->rules()[0].tree).Explain(event.source(), event.source(), arena);
}

TEST(Explain, ShowsTheTreeWithValuesAndWhatDecided) {
  EXPECT_EQ(ToText(Explain("{evt.type: execve, proc.name: sh, proc.pname: x, container.id: c}")),
            "→ yes        and\n"
            "→ yes          evt.type = execve   evt.type is \"execve\"\n"
            "→ yes          proc.name in (sh, bash)  [shell]   proc.name is \"sh\"\n"
            "→ yes          not\n"
            "→ no             or  [known]\n"
            "→ no               proc.pname = cron   proc.pname is \"x\"\n"
            "→ no               container.id = host   container.id is \"c\"\n"
            "→ marks what decided.\n");
  EXPECT_EQ(ToText(Explain("{evt.type: execve, proc.name: cat, container.id: ~}")),
            "→ no         and\n"
            "  yes          evt.type = execve   evt.type is \"execve\"\n"
            "→ no           proc.name in (sh, bash)  [shell]   proc.name is \"cat\"\n"
            "  unknown      not\n"
            "  unknown        or  [known]\n"
            "  no               proc.pname = cron   proc.pname is absent\n"
            "  unknown          container.id = host   container.id is not known\n"
            "→ marks what decided.\n"
            "Only this stood in the way:\n"
            "    proc.name in (sh, bash)\n");
}

TEST(Explain, TellsHowFarAMatchWas) {
  struct Row {
    const char* event;
    std::size_t distance;
    std::vector<std::string> in_the_way;
  };
  for (const Row& row : {
           Row{"{evt.type: execve, proc.name: sh, container.id: c}", 0, {}},
           Row{"{evt.type: execve, proc.name: sh, container.id: ~}", 0, {}},
           Row{"{evt.type: execve, proc.name: sh, proc.pname: cron, container.id: c}",
               1,
               {"not proc.pname = cron"}},
           Row{"{evt.type: execve, proc.name: sh, proc.pname: cron, container.id: host}", 2, {}},
           Row{"{evt.type: connect, proc.name: x, container.id: host}", 3, {}},
       }) {
    const Explanation explanation = Explain(row.event);
    EXPECT_EQ(explanation.distance, row.distance) << row.event;
    EXPECT_EQ(explanation.in_the_way, row.in_the_way) << row.event;
  }
}

TEST(Explain, IsAlsoJson) {
  EXPECT_EQ(ToJson(Explain("{evt.type: connect, proc.name: sh, container.id: c}")),
            R"x({"answer":"no","distance":1,"in_the_way":["evt.type = execve"],"tree":)x"
            R"x({"text":"and","truth":"no","decides":true,"children":[)x"
            R"x({"text":"evt.type = execve","truth":"no","decides":true,)x"
            R"x("values":{"evt.type":"\"connect\""}},)x"
            R"x({"text":"proc.name in (sh, bash)","truth":"yes","decides":false,"macro":"shell",)x"
            R"x("values":{"proc.name":"\"sh\""}},)x"
            R"x({"text":"not","truth":"yes","decides":false,"children":[)x"
            R"x({"text":"or","truth":"no","decides":false,"macro":"known","children":[)x"
            R"x({"text":"proc.pname = cron","truth":"no","decides":false,)x"
            R"x("values":{"proc.pname":"absent"}},)x"
            R"x({"text":"container.id = host","truth":"no","decides":false,)x"
            R"x("values":{"container.id":"\"c\""}}]}]}]}})x");
}

}  // namespace
}  // namespace nezuban::ruleset
