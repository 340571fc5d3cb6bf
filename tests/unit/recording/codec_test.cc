// SPDX-License-Identifier: Apache-2.0
#include "recording/codec.h"

#include <gtest/gtest.h>

#include <string>

#include "recording_file.h"

namespace nezuban::recording {
namespace {

using testlib::Argv;

std::string RedactedArgs(const std::string& args, std::optional<std::uint32_t> total,
                         std::uint32_t* total_after) {
  auto exec = testlib::Exec({.comm = "mysql"}, "/usr/bin/mysql");
  exec.Text(exec->args, args, total).Text(exec->cwd, "/home");
  const testlib::Record record = exec.Build();
  const auto redactor = *Redactor::Make();
  const std::string redacted = RedactRecord(record.bytes(), *redactor);
  EXPECT_EQ(redacted.size(), record.bytes().size());
  const testlib::Record copy(std::as_bytes(std::span(redacted)));
  const event::Event event = copy.event();
  const auto& after = *event.As<exec_record>();
  EXPECT_EQ(event.String(after.exe).bytes, "/usr/bin/mysql");
  EXPECT_EQ(event.String(after.cwd).bytes, "/home");
  *total_after = after.args.total;
  EXPECT_EQ(redacted.find("hunter2"), std::string::npos) << "not even behind the end";
  return std::string(event.String(after.args).bytes);
}

TEST(RedactRecord, MasksArgumentsAndKeepsTheAccount) {
  const std::string args = Argv({"mysql", "--password=hunter2hunter2", "db"});
  const std::string masked = Argv({"mysql", "--password=***", "db"});
  std::uint32_t total = 0;
  EXPECT_EQ(RedactedArgs(args, {}, &total), masked);
  EXPECT_EQ(total, masked.size()) << "whole before, whole after";
  EXPECT_EQ(RedactedArgs(args, 9000, &total), masked);
  EXPECT_EQ(total, 9000 - (args.size() - masked.size())) << "as much was cut off as before";
  EXPECT_EQ(RedactedArgs(args, STR_TOTAL_UNKNOWN, &total), masked);
  EXPECT_EQ(total, STR_TOTAL_UNKNOWN);
}

TEST(RedactRecord, MasksTheEnvironment) {
  auto exec = testlib::Exec({.comm = "mysql"}, "/usr/bin/mysql", Argv({"mysql"}), "/home");
  exec.Text(exec->env, Argv({"DB_PASSWORD=hunter2 hunter2", "HOME=/root"}), {});
  const testlib::Record record = exec.Build();
  const std::string redacted = RedactRecord(record.bytes(), **Redactor::Make());
  const testlib::Record copy(std::as_bytes(std::span(redacted)));
  const auto& after = *copy.event().As<exec_record>();
  EXPECT_EQ(copy.event().String(after.env).bytes, Argv({"DB_PASSWORD=***", "HOME=/root"}));
  EXPECT_EQ(copy.event().String(after.args).bytes, Argv({"mysql"}));
  EXPECT_EQ(copy.event().String(after.cwd).bytes, "/home");
  EXPECT_EQ(redacted.find("hunter2"), std::string::npos);
}

TEST(RedactRecord, LeavesEverythingElseAsItIs) {
  const auto redactor = *Redactor::Make();
  for (const testlib::Record& record :
       {testlib::Exec({}, "/bin/x", Argv({"x", "-i"})).Build(), testlib::Fork({}, 7, 70).Build(),
        testlib::Exec({}, "--password=hunter2").Build()}) {
    const std::string bytes(reinterpret_cast<const char*>(record.bytes().data()),
                            record.bytes().size());
    EXPECT_EQ(RedactRecord(record.bytes(), *redactor), bytes);
    EXPECT_EQ(RedactRecord(record.bytes().first(100), *redactor), bytes.substr(0, 100));
  }
}

TEST(Decoder, KnowsKindsByTheirNames) {
  v1::RecordingHeader header = ToProto(SomeNode());
  header.mutable_kinds()->SwapElements(EVENT_FORK, EVENT_EXIT);
  auto decoder = Decoder::Make(header);
  ASSERT_TRUE(decoder) << decoder.error().message;
  auto fork = testlib::Fork({}, 7, 70);
  fork->hdr.type = EVENT_EXIT;  // by the writer's numbers
  v1::RecordingItem item;
  ToProto(state::RecordItem{fork.Build().bytes()}, nullptr, item);
  const auto decoded = decoder->Decode(item);
  ASSERT_TRUE(decoded);
  const auto event = event::Decode(std::get<state::RecordItem>(*decoded).bytes);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->As<fork_record>()->child_tgid, 7u);
  EXPECT_TRUE(decoder->unreadable().empty());
}

state::Container ThereAndBack(const state::Container& container) {
  v1::RecordingItem item;
  ToProto(state::ContainerItem{container}, nullptr, item);
  auto decoded = Decoder::Make(ToProto(SomeNode()))->Decode(item);
  return std::get<state::ContainerItem>(*decoded).container;
}

state::NamesItem ThereAndBack(const state::NamesItem& names) {
  v1::RecordingItem item;
  ToProto(names, nullptr, item);
  auto decoded = Decoder::Make(ToProto(SomeNode()))->Decode(item);
  return std::get<state::NamesItem>(*decoded);
}

TEST(Decoder, GivesNamesOfUsers) {
  const state::UserNames names{.users = {{0, "root", "/root", "/bin/sh"}, {7, "\xff", "", ""}},
                               .groups = {{4, "adm"}},
                               .whole = false};
  const state::NamesItem read{50, state::NamesAnswer::kRead,
                              std::make_shared<const state::UserNames>(names)};
  EXPECT_EQ(ThereAndBack(read).cgroup_id, 50U);
  EXPECT_EQ(ThereAndBack(read).answer, state::NamesAnswer::kRead);
  EXPECT_EQ(*ThereAndBack(read).names, names);
  for (const auto answer : {state::NamesAnswer::kUnchanged, state::NamesAnswer::kUnreadable}) {
    EXPECT_EQ(ThereAndBack(state::NamesItem{.answer = answer}).answer, answer);
    EXPECT_EQ(ThereAndBack(state::NamesItem{.answer = answer}).names, nullptr);
  }
}

TEST(Decoder, GivesWhatTheApiServerTold) {
  const auto there_and_back = [](const state::ClusterItem& cluster) {
    v1::RecordingItem item;
    ToProto(cluster, nullptr, item);
    auto decoded = Decoder::Make(ToProto(SomeNode()))->Decode(item);
    return std::get<state::ClusterItem>(*decoded);
  };
  EXPECT_EQ(there_and_back({}).pod_uid, "") << "that one is asked";
  EXPECT_EQ(there_and_back({}).metadata, nullptr);
  state::ClusterMetadata known{.state = state::ClusterState::kTold, .name = "web", .ns = "shop"};
  const auto same = [&] {
    const auto back =
        there_and_back({"uid", std::make_shared<const state::ClusterMetadata>(known)});
    return back.pod_uid == "uid" && *back.metadata == known;
  };
  EXPECT_TRUE(same());
  known.uid = "another";
  known.labels = state::Labels{};
  known.ns_uid = "ns";
  known.ns_labels = state::Labels{{"a", "b"}};
  known.owners = {{"ReplicaSet", "rs", "1", std::nullopt},
                  {"Deployment", "d", "2", state::Labels{{"c", "d", false}}}};
  known.owners_whole = true;
  EXPECT_TRUE(same());
  known = {.state = state::ClusterState::kNobodys};
  EXPECT_TRUE(same());
}

TEST(Decoder, GivesContainersWithWhatTheirRuntimeTold) {
  state::Container container{.full_id = "full",
                             .id = "short",
                             .runtime = "containerd",
                             .cgroup_id = 50,
                             .cgroup_path = "/k8s.io/full"};
  EXPECT_EQ(ThereAndBack(container).cgroup_path, "/k8s.io/full");
  EXPECT_EQ(ThereAndBack(container).metadata, state::ContainerMetadata());
  container.metadata.state = state::MetadataState::kPending;
  EXPECT_EQ(ThereAndBack(container).metadata, container.metadata);
  container.metadata = {.state = state::MetadataState::kComplete,
                        .name = "n",
                        .image = "i",
                        .image_id = "id",
                        .image_digest = "d",
                        .labels = state::Labels{{"k", "v"}, {"l", "\xff"}},
                        .mounts = std::vector<state::ContainerMount>{{"/s", "/d", true, "rslave"}},
                        .privileged = false,
                        .seccomp = true,
                        .start_ns = 17,
                        .annotations = state::Labels{{"a", "b"}},
                        .user = state::ContainerUser{1000, 7},
                        .capabilities = "CAP_KILL",
                        .pod = {"p", "ns", "u", "s", "ip", state::Labels{}, true, false, true,
                                state::Labels{{"c", "d"}}, "{}"}};
  EXPECT_EQ(ThereAndBack(container).metadata, container.metadata);
  container.metadata.mounts_whole = container.metadata.labels->whole = false;
  container.metadata.labels->list[1].whole = false;
  EXPECT_EQ(ThereAndBack(container).metadata, container.metadata);
}

TEST(Decoder, LeavesOutWhatIsLaidOutOtherwise) {
  v1::RecordingHeader header = ToProto(SomeNode());
  header.mutable_kinds(EVENT_FORK)->set_fixed_size(8);
  header.add_kinds()->set_names("teleport");
  auto decoder = Decoder::Make(header);
  ASSERT_TRUE(decoder);
  EXPECT_EQ(
      decoder->unreadable(),
      (std::vector<std::string>{std::string(event::EventTable()[EVENT_FORK].names), "teleport"}));
  v1::RecordingItem item;
  ToProto(state::RecordItem{testlib::Fork({}, 7, 70).Build().bytes()}, nullptr, item);
  EXPECT_FALSE(decoder->Decode(item));
  header.set_record_header_size(100);
  EXPECT_FALSE(Decoder::Make(header));
  header = ToProto(SomeNode());
  header.set_clock_tick_ns(0);
  EXPECT_FALSE(Decoder::Make(header)) << "it is divided by";
}

}  // namespace
}  // namespace nezuban::recording
