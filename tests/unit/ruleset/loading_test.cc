// SPDX-License-Identifier: Apache-2.0
// What files put together mean: order, redefinition, overrides, exceptions and lists, case by case
// as the language has it. The ids are those of the language's loader cases.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loaded.h"

namespace nezuban::ruleset {
namespace {

constexpr char kBase[] =
    "- list: l1\n  items: [cat, dog]\n"
    "- macro: m1\n  condition: evt.type=execve\n"
    "- rule: r1\n  desc: d\n  condition: m1 and proc.name in (l1)\n  output: x %proc.name\n"
    "  priority: notice\n  tags: [t1, t2]\n";

constexpr char kBaseLoaded[] = "r1: (evt.type = execve and proc.name in (cat, dog))\n";

TEST(Loading, ItemsAfterABase) {
  const Case kCases[] = {
      {"L1",
       "- list: l1\n  append: true\n  items: [cow]\n"
       "- macro: m1\n  append: true\n  condition: or evt.type=execveat\n"
       "- rule: r1\n  append: true\n  condition: and not proc.pname=x\n",
       "warning: 'append: true' is deprecated, write override: {items: append}\n"
       "warning: 'append: true' is deprecated, write override: {condition: append}\n"
       "warning: 'append: true' is deprecated, write override: {condition: append}\n"
       "r1: ((evt.type = execve or evt.type = execveat) and proc.name in (cat, dog, cow) and not "
       "proc.pname = x)\n"},
      {"L2",
       "- list: l1\n  items: [cow]\n  override: {items: append}\n"
       "- rule: r1\n  condition: and not proc.pname=x\n  output: more=%fd.name\n  desc: e\n"
       "  tags: [t3]\n  exceptions: [{name: e, fields: [proc.name], values: [[bird]]}]\n"
       "  override: {condition: append, output: append, desc: append, tags: append, exceptions: "
       "append}\n",
       "r1: ((evt.type = execve and proc.name in (cat, dog, cow) and not proc.pname = x) and not "
       "((proc.name = bird)))\n"},
      {"L4",
       "- rule: r1\n  condition: and proc.pid=1\n  priority: debug\n"
       "  override: {condition: append}\n",
       "error: 'priority' has no entry in 'override'\n"},
      {"L5", "- rule: r1\n  override: {condition: append}\n",
       "error: 'condition' is overridden but not given\n"},
      {"L6",
       "- rule: r1\n  condition: and proc.pid=1\n  append: true\n"
       "  override: {condition: append}\n",
       "error: 'append: true' and 'override' exclude each other\n"},
      {"L8", "- rule: nope\n  enabled: false\n", "error: no rule 'nope' to change\n"},
      {"L9", "- macro: nope\n  condition: or proc.pid=1\n  override: {condition: append}\n",
       "error: no macro 'nope' to append to\n"},
      {"L9", "- rule: nope\n  condition: or proc.pid=1\n  override: {condition: replace}\n",
       "error: no rule 'nope' to change\n"},
      {"L10",
       "- list: new\n  items: [x]\n  override: {items: replace}\n"
       "- macro: newm\n  condition: proc.name in (new)\n  override: {condition: replace}\n" +
           Rule2("evt.type=execve and newm"),
       "r2: (evt.type = execve and proc.name in (x))\n"},
      {"L12",
       "- rule: r1\n  desc: d\n  condition: proc.pid=1\n  output: o\n  priority: debug\n"
       "  source: other\n",
       "error: rule 'r1' is redefined with another source\n"},
      {"L13",
       "- rule: r1\n  desc: d\n  condition: evt.type=connect\n  output: o\n"
       "  priority: debug\n",
       "r1: evt.type = connect\n"},
      {"L14", Rule2("ka.verb=x", "  source: k8s_audit\n"),
       std::string("warning: rule 'r2' is skipped: no source 'k8s_audit'\n") + kBaseLoaded},
      {"L14",
       "- macro: ka\n  condition: ka.verb=x\n- list: ks\n  items: [x]\n" +
           Rule2("ka and ka.uri in (ks)", "  source: k8s_audit\n"),
       std::string("warning: rule 'r2' is skipped: no source 'k8s_audit'\n") + kBaseLoaded},
      {"L16", Rule2("evt.type=execve", "  tags:\n"), "error: tags must be a sequence\n"},
      {"L16", Rule2("evt.type=execve", "  tags: abc\n"), "error: tags must be a sequence\n"},
      {"L17", Rule2("evt.type=execve", "  unknownkey: 1\n"), "warning: unknown key 'unknownkey'\n"},
      {"L18", "- rule: r1\n  priority: low\n  override: {priority: replace}\n",
       "error: unknown priority 'low'\n"},
      {"L20", Rule2("proc.nmae=x", "  skip-if-unknown-filter: true\n"),
       "warning: unknown field 'proc.nmae'; rule 'r2' is skipped"},
      {"L20", Rule2("evt.type=nope", "  skip-if-unknown-filter: true\n"),
       "warning: unknown event 'nope'; rule 'r2' is skipped"},
      {"L20",
       "- rule: r2\n  desc: d\n  condition: evt.type=execve\n  output: '%proc.nmae'\n"
       "  priority: debug\n  skip-if-unknown-filter: true\n",
       "warning: unknown field 'proc.nmae' in the output; rule 'r2' is skipped"},
      {"L20 in a macro",
       "- macro: m\n  condition: proc.nmae=x\n" + Rule2("m", "  skip-if-unknown-filter: true\n"),
       "warning: unknown field 'proc.nmae'; rule 'r2' is skipped"},
      {"L20 other errors", Rule2("proc.name regex '('", "  skip-if-unknown-filter: true\n"),
       "error: bad regular expression"},
      {"L21", Rule2("proc.nmae=x"), "error: unknown field 'proc.nmae'"},
      {"L22", Rule2("proc.name=cat"), "warning: rule 'r2' is asked of every event"},
      {"L24", "- macro: a-b\n  condition: proc.pid=1\n- list: a b\n  items: [x]\n",
       std::string("warning: no condition can name macro 'a-b', use a letter, then letters, digits "
                   "and _\n"
                   "warning: no condition can name list 'a b', use no blanks and none of "
                   "( ) \" ' = ,\n") +
           kBaseLoaded},
      {"L25", "- list: l2\n  items: [~]\n",
       "error: the items of a list must be texts or numbers\n"},
      {"L25", "- list: l2\n  items: [1, true]\n" + Rule2("evt.type=execve and proc.name in (l2)"),
       "r2: (evt.type = execve and proc.name in (1, true))\n"},
      {"L26", "- macro: loop1\n  condition: loop2\n- macro: loop2\n  condition: loop1\n",
       "error: macro 'loop2' is defined only further down"},
      {"L28", "- rule: r1\n  append: true\n  exceptions: [{name: n, fields: [proc.name]}]\n",
       "error: exception 'n' is new and has no 'values'\n"},
      {"L29", "- rule: r1\n  append: true\n", "error: 'append: true' without anything to append\n"},
      {"L30", "- rule: r2\n  desc: ''\n  condition: evt.type=execve\n  priority: debug\n",
       "error: 'desc' must be a text that is not empty\nerror: rule 'r2' has no 'output'\n"},
      {"capture", Rule2("evt.type=execve", "  capture: true\n  capture_duration: 10\n"),
       "warning: 'capture' has no effect: alerts make no capture files\n"},
      {"capture",
       "- rule: r1\n  capture: no\n  capture_duration: 1\n"
       "  override: {capture: replace, capture_duration: replace}\n",
       kBaseLoaded},
      {"source", "- rule: r1\n  source: syscall\n  enabled: no\n  override: {enabled: replace}\n",
       "r1 (off): "},
  };
  for (const Case& c : kCases) {
    const std::string outcome = Short(Loaded({kBase, c.yaml}));
    EXPECT_NE(outcome.find(c.outcome), std::string::npos) << c.id << ":\n"
                                                          << c.yaml << "gave:\n"
                                                          << outcome << "not:\n"
                                                          << c.outcome;
    // What is no error loads.
    EXPECT_EQ(c.outcome.find("error: ") == std::string::npos,
              outcome.find("error: ") == std::string::npos)
        << c.id << ": " << outcome;
  }
}

struct FilesCase {
  const char* id;
  std::vector<std::string> files;
  std::string outcome;
};

TEST(Loading, FilesByThemselves) {
  const FilesCase kCases[] = {
      {"L33",
       {Rule2("later") + "- macro: later\n  condition: evt.type=execve\n"},
       "r2: evt.type = execve\n"},
      {"L34",
       {Rule2("m2"), "- macro: m2\n  condition: evt.type=execve\n"},
       "a:3:14: error: macro 'm2' is defined only in a later file, name that file before this "
       "one\n"},
      {"the same, in a macro",
       {"- macro: m\n  condition: m2\n" + Rule2("m"),
        "- macro: m2\n  condition: evt.type=execve\n"},
       "a:2:14: error: macro 'm2' is defined only in a later file, name that file before this "
       "one\n"},
      {"what a later file appends may use what it defines",
       {Rule2("evt.type=execve"),
        "- macro: m2\n  condition: proc.pid=1\n"
        "- rule: r2\n  condition: and m2\n  override: {condition: append}\n"},
       "r2: (evt.type = execve and proc.pid = 1)\n"},
      {"redefined by a later file, seen by an earlier one",
       {"- macro: never\n  condition: proc.pid = 0\n" + Rule2("evt.type=execve and never"),
        "- macro: never\n  condition: proc.pid = 1\n"},
       "r2: (evt.type = execve and proc.pid = 1)\n"},
      {"lists of a later file",
       {Rule2("evt.type=execve and proc.name in (l)"), "- list: l\n  items: [x]\n"},
       "r2: (evt.type = execve and proc.name in (x))\n"},
      {"L36",
       {"- macro: a\n  condition: proc.pid=10\n"
        "- macro: b\n  condition: a or evt.type=execve\n"
        "- macro: c\n  condition: proc.pid=20\n- macro: a\n  condition: c\n" +
        Rule2("b and a", "  warn_evttypes: false\n")},
       "r2: ((proc.pid = 20 or evt.type = execve) and proc.pid = 20)\n"},
      {"L37",
       {"- macro: a\n  condition: proc.pid=10\n- macro: b\n  condition: a\n"
        "- macro: a\n  condition: b\n" +
        Rule2("a")},
       "a:4:14: error: macro 'a' refers to itself\n"},
      {"L41",
       {Rule2("proc.nmae=x", "  enabled: false\n")},
       "a:3:14: error: unknown field 'proc.nmae', did you mean 'proc.name'?\n"},
      {"L42", {Rule2("evt.type=execve", "  enabled: no\n")}, "r2 (off): evt.type = execve\n"},
      {"L44",
       {Rule2("evt.type=execve", "  warn_evttypes: \"maybe\"\n")},
       "a:6:19: error: 'warn_evttypes' must be true or false\n"},
      {"documents",
       {"---\n- list: l\n  items: [x]\n---\n---\n-\n" +
        Rule2("evt.type=execve and proc.name in (l)")},
       "r2: (evt.type = execve and proc.name in (x))\n"},
      {"an unused macro of fields that nobody knows",
       {"- macro: ka\n  condition: ka.verb=x\n" + Rule2("evt.type=execve")},
       "a:2:14: warning: unknown field 'ka.verb', in a macro that no rule uses\n"
       "r2: evt.type = execve\n"},
      {"an unused macro that is no condition",
       {"- macro: x\n  condition: proc.pid=\n" + Rule2("evt.type=execve")},
       "a:2:23: error: expected a value\n"},
      {"what uses something broken is not told",
       {"- macro: x\n  condition:\n" + Rule2("x") +
        "- rule: r3\n  desc: d\n- rule: r3\n  enabled: true\n  override: {enabled: replace}\n"},
       "a:2:3: error: 'condition' must be a text that is not empty\n"
       "a:8:3: error: rule 'r3' has no 'condition'\n"
       "a:8:3: error: rule 'r3' has no 'output'\n"
       "a:8:3: error: rule 'r3' has no 'priority'\n"},
      {"nor what a file that is no YAML may have defined",
       {"- macro: [\n", Rule2("x")},
       "a:2:1: error: YAML: end of sequence flow not found\n"},
      {"plugins",
       {"- required_engine_version: 0.57.0\n- required_engine_version: 26\n"
        "- required_plugin_versions:\n  - {name: container, version: 0.4.0}\n"
        "  - {name: json, version: 0.7.0}\n"
        "  - {name: x, version: 1.0.0, alternatives: [{name: container, version: 0.1.0}]}\n"
        "  - {name: container}\n"},
       "a:5:5: warning: needs plugin json 0.7.0, which is not built in\n"
       "a:7:5: error: a required plugin must be a map with a name and a version\n"},
      {"versions",
       {"- required_engine_version: 0.64.0\n- required_engine_version: 1.0.0\n"
        "- required_engine_version: x\n"},
       "a:1:28: error: needs engine version '0.64.0'; this is 0.63.0\n"
       "a:2:28: error: needs engine version '1.0.0'; this is 0.63.0\n"
       "a:3:28: error: needs engine version 'x'; this is 0.63.0\n"},
  };
  for (const FilesCase& c : kCases) EXPECT_EQ(Loaded(c.files), c.outcome) << c.id;
}

TEST(Loading, Lists) {
  const Case kCases[] = {
      {"N1",
       "- list: a\n  items: [cat]\n- list: b\n  items: [a, dog]\n" + Rule2("proc.name in (b)"),
       "(cat, dog)"},
      {"N3",
       "- list: c\n  items: [b, cow]\n- list: b\n  items: [a, dog]\n"
       "- list: a\n  items: [cat]\n" +
           Rule2("proc.name in (c)"),
       "(cat, dog, cow)"},
      {"N4", "- list: l\n  items: [a b, '\"c d\"']\n" + Rule2("proc.name in (l)"),
       "(\"a b\", \"c d\")"},
      {"N5", "- list: l\n  items: []\n" + Rule2("proc.name in (x, l)"), "(x)"},
      {"N5", "- list: l\n  items: []\n" + Rule2("proc.name in (l)"), "()"},
      {"N7", "- list: l\n  items: [cat]\n" + Rule2("proc.name = l"), "proc.name = cat"},
      {"N8", Rule2("proc.name in (zzz)"), "(zzz)"},
      {"N9", "- list: l\n  items: [cat]\n" + Rule2("proc.cmdline contains \"x l y\""), "\"x l y\""},
      {"N11",
       "- list: a.b\n  items: [cat]\n- list: /usr/bin/x\n  items: [cat, dog]\n" +
           Rule2("proc.name in (a.b) and fd.name in (/usr/bin/x, /usr/bin/xy)"),
       "(proc.name in (cat) and fd.name in (cat, dog, /usr/bin/xy))"},
      {"N12", "- list: self\n  items: [self, z]\n" + Rule2("proc.name in (self)"), "(self, z)"},
      {"N12", "- list: cat\n  items: [cat, dog]\n" + Rule2("proc.name in (cat)"), "(cat, dog)"},
  };
  for (const Case& c : kCases) {
    const std::string outcome = Loaded({c.yaml});
    EXPECT_NE(outcome.find(c.outcome), std::string::npos) << c.id << ": " << outcome;
  }
}

TEST(Loading, SelectsRulesInOrder) {
  const auto rule = [](const std::string& name, const std::string& tags) {
    return "- rule: " + name +
           "\n  desc: d\n  condition: evt.type=execve\n  output: o\n"
           "  priority: notice\n  tags: [" +
           tags + "]\n";
  };
  const std::string yaml =
      rule("Shell one", "shell, a") + rule("Shell two", "shell") + rule("Net", "net");
  const auto enabled = [&](const std::vector<std::string>& entries) {
    LoadOptions options;
    for (const std::string& entry : entries) {
      const auto selection = ParseSelection(entry);
      EXPECT_TRUE(selection) << entry << ": " << selection.error().message;
      options.selection.push_back(*selection);
    }
    std::string out = Loaded({yaml}, options);
    for (std::size_t at; (at = out.find(": evt.type = execve\n")) != std::string::npos;) {
      out.replace(at, 20, "; ");
    }
    return out;
  };
  EXPECT_EQ(enabled({}), "Shell one; Shell two; Net; ");
  EXPECT_EQ(enabled({"disable.rule=Shell*"}), "Shell one (off); Shell two (off); Net; ");
  EXPECT_EQ(enabled({"disable.rule=*", "enable.tag=shell", "disable.rule=*two"}),
            "Shell one; Shell two (off); Net (off); ");
  EXPECT_EQ(enabled({"{disable: {rule: \"*one\"}}", "enable: {tag: net}"}),
            "Shell one (off); Shell two; Net; ");
  EXPECT_EQ(enabled({"disable.rule=shell one"}),
            "warning: disable.rule=shell one: no rule answers to it\nShell one; Shell two; Net; ");
  for (const char* bad : {"", "x", "disable", "disable.rule=", "off.rule=x", "disable.name=x",
                          "{disable: {rule: x, tag: y}}", "[disable]", "{", "disable.=x"}) {
    EXPECT_FALSE(ParseSelection(bad)) << bad;
  }
}

TEST(Loading, WarnsOfWhatIsHardlyMeant) {
  const Case kCases[] = {
      {"contradiction", Rule2("evt.type=execve and evt.type=connect"),
       "warning: rule 'r2' can never match: what it asks of evt.type excludes every event\n"},
      {"by a macro",
       "- macro: m\n  condition: (evt.type in (dup, dup2) or evt.type=connect)\n" +
           Rule2("not (not m or proc.pid=1) and not evt.type in (dup, dup2, connect)"),
       "warning: rule 'r2' can never match: what it asks of evt.type excludes every event\n"},
      {"none", Rule2("evt.type in ()"),
       "warning: rule 'r2' can never match: what it asks of evt.type excludes every event\n"},
      {"not captured", Rule2("evt.type=swapoff"),
       "warning: never occurs, because it is not captured yet: swapoff\n"
       "warning: rule 'r2' can never match: no event it asks for is captured\n"},
      {"long name", Rule2("evt.type=execve and proc.name=systemd-timesyncd"),
       "warning: 'systemd-timesyncd' can't be the name of a process: the kernel keeps 15 bytes"},
      {"NA", Rule2("evt.type=execve and proc.pname=\"<NA>\""),
       "warning: '<NA>' is how a missing value is printed, and equals nothing"},
      {"list name",
       "- list: shell_binaries\n  items: [sh]\n" +
           Rule2("evt.type=execve and proc.name in (shell_binarys)"),
       "warning: there is no list 'shell_binarys': it is compared with as text, did you mean "
       "'shell_binaries'?\n"},
  };
  for (const Case& c : kCases) {
    const std::string outcome = Short(Loaded({c.yaml}));
    EXPECT_EQ(outcome.substr(0, c.outcome.size()), c.outcome) << c.id;
  }
  for (const char* fine :
       {"evt.type=execve or evt.type=connect", "evt.type=execve and not evt.type=connect",
        "evt.type != execve and evt.type=connect", "not (evt.type=execve and evt.type=connect)"}) {
    EXPECT_EQ(Short(Loaded({Rule2(fine, "  warn_evttypes: false\n")})).find("warning"),
              std::string::npos)
        << fine;
  }
}

}  // namespace
}  // namespace nezuban::ruleset
