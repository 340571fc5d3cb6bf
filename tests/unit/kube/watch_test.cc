// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace nezuban::kube {
namespace {

class Names final : public Objects {
 public:
  void BeginList() override { listed_.clear(); }
  void Put(Object object) override {
    names.insert(object.name);
    listed_.insert(object.name);
  }
  void Remove(const Object& object) override { names.erase(object.name); }
  void EndList() override { names = listed_; }

  std::set<std::string> names;

 private:
  std::set<std::string> listed_;
};

std::string ObjectNamed(const std::string& name, const std::string& version) {
  return R"({"metadata":{"name":")" + name + R"(","uid":")" + name + R"(","resourceVersion":")" +
         version + R"("}})";
}

class WatchTest : public testing::Test {
 protected:
  // The list that is due, with objects of these names.
  Ended Page(const std::vector<std::string>& names, const std::string& version,
             const std::string& more = "") {
    std::string items;
    for (const std::string& name : names) {
      items += (items.empty() ? "" : ",") + ObjectNamed(name, "1");
    }
    return End({200, R"({"metadata":{"resourceVersion":")" + version + R"(","continue":")" + more +
                         R"("},"items":[)" + items + "]}"});
  }
  Ended End(const Answer& answer) { return watch_.TakeEnd(answer, problem_); }
  bool Change(const std::string& type, const std::string& name, const std::string& version) {
    return watch_.TakeLine(R"({"type":")" + type + R"(","object":)" + ObjectNamed(name, version) +
                           "}");
  }

  Names kept_;
  Watch watch_{"/api/v1/pods", "fieldSelector=spec.nodeName%3Dn&", kept_};
  std::string problem_;
};

TEST_F(WatchTest, ListsThenFollows) {
  EXPECT_EQ(watch_.NextPath(300), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&resourceVersion=0");
  EXPECT_FALSE(watch_.is_stream());
  EXPECT_EQ(Page({"a", "b"}, "40"), Ended::kWell);
  EXPECT_EQ(watch_.NextPath(300),
            "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&watch=1&allowWatchBookmarks=true&"
            "resourceVersion=40&timeoutSeconds=300");
  EXPECT_TRUE(watch_.is_stream());
  EXPECT_TRUE(Change("ADDED", "c", "41"));
  EXPECT_TRUE(Change("DELETED", "a", "42"));
  EXPECT_TRUE(Change("BOOKMARK", "", "50"));
  EXPECT_EQ(kept_.names, (std::set<std::string>{"b", "c"}));
  EXPECT_EQ(End({200}), Ended::kWell) << "its time was over";
  EXPECT_NE(watch_.NextPath(300).find("resourceVersion=50&"), std::string::npos);
  EXPECT_EQ(watch_.counters().events, 2u);
}

TEST_F(WatchTest, TooLongAgoIsListedAnewInPagesAndAsOfNow) {
  watch_.NextPath(300);
  Page({"a"}, "40");
  watch_.NextPath(300);
  EXPECT_FALSE(watch_.TakeLine(R"({"type":"ERROR","object":{"code":410,"message":"too old"}})"));
  EXPECT_EQ(End({200}), Ended::kFailed);
  EXPECT_EQ(problem_, "") << "nothing that anybody need be told";
  EXPECT_EQ(watch_.NextPath(300), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=250");
  EXPECT_EQ(Page({"b"}, "60", "to/ken="), Ended::kWell);
  EXPECT_EQ(kept_.names, (std::set<std::string>{"a", "b"})) << "the list is not at its end";
  EXPECT_EQ(watch_.NextPath(300),
            "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=250&continue=to%2Fken%3D");
  EXPECT_EQ(Page({"c"}, "60"), Ended::kWell);
  EXPECT_EQ(kept_.names, (std::set<std::string>{"b", "c"}));
  watch_.NextPath(300);
  EXPECT_TRUE(watch_.is_stream());
  EXPECT_EQ(watch_.counters().expired, 1u);
}

TEST_F(WatchTest, APageThatExpiredBeginsTheListAnew) {
  watch_.NextPath(300);
  Page({"a"}, "40", "x");
  watch_.NextPath(300);
  EXPECT_EQ(End({410, "{}"}), Ended::kFailed);
  EXPECT_EQ(watch_.NextPath(300), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=250");
  Page({"b"}, "41");
  EXPECT_EQ(kept_.names, (std::set<std::string>{"b"}));
}

TEST_F(WatchTest, AListThatIsTooLargeIsReadInPages) {
  watch_.NextPath(300);
  EXPECT_EQ(End({200, "", "the answer is too large", true}), Ended::kFailed);
  EXPECT_EQ(watch_.NextPath(300), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=250");
  End({200, "", "the answer is too large", true});
  EXPECT_EQ(watch_.NextPath(300), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=62");
  for (int i = 0; i < 9; ++i) {
    End({200, "", "the answer is too large", true});
    watch_.NextPath(300);
  }
  EXPECT_FALSE(watch_.whole());
  EXPECT_EQ(Page({"a"}, "40", "more"), Ended::kWell);
  EXPECT_FALSE(watch_.whole());
  EXPECT_NE(watch_.NextPath(300).find("&limit=1&continue=more"), std::string::npos);
  EXPECT_EQ(Page({"b"}, "40"), Ended::kWell);
  EXPECT_TRUE(watch_.whole());
}

TEST_F(WatchTest, RefusedKeepsItsPlace) {
  watch_.NextPath(300);
  EXPECT_EQ(End({403, R"({"message":"pods is forbidden"})"}), Ended::kRefused);
  EXPECT_EQ(problem_, "status 403: pods is forbidden");
  watch_.NextPath(300);
  Page({"a"}, "40");
  watch_.NextPath(300);
  EXPECT_EQ(End({401, ""}), Ended::kRefused);
  watch_.NextPath(300);
  EXPECT_TRUE(watch_.is_stream());
  EXPECT_EQ(kept_.names, (std::set<std::string>{"a"}));
}

TEST_F(WatchTest, ABrokenStreamGoesOnWhereItWas) {
  watch_.NextPath(300);
  Page({"a"}, "40");
  watch_.NextPath(300);
  Change("ADDED", "b", "41");
  EXPECT_EQ(End({200, "", "connection reset"}), Ended::kFailed);
  EXPECT_NE(watch_.NextPath(300).find("resourceVersion=41&"), std::string::npos);
  EXPECT_EQ(End({0, "", "connection refused"}), Ended::kFailed);
  EXPECT_NE(watch_.NextPath(300).find("resourceVersion=41&"), std::string::npos);
  for (const long busy : {429, 500, 503}) {
    EXPECT_EQ(End({busy, ""}), Ended::kFailed);
    EXPECT_NE(watch_.NextPath(300).find("resourceVersion=41&"), std::string::npos) << busy;
  }
  for (const long not_known : {504, 400, 404}) {
    EXPECT_EQ(End({not_known, ""}), Ended::kFailed);
    EXPECT_EQ(watch_.NextPath(300),
              "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&resourceVersion=0")
        << not_known;
    Page({"a"}, "41");
    watch_.NextPath(300);
  }
}

TEST_F(WatchTest, NonsenseEndsAStreamAndAList) {
  watch_.NextPath(300);
  EXPECT_EQ(End({200, "<html>"}), Ended::kFailed);
  EXPECT_EQ(problem_, "a list that makes no sense");
  watch_.NextPath(300);
  Page({}, "40");
  watch_.NextPath(300);
  EXPECT_FALSE(watch_.TakeLine("x"));
  EXPECT_EQ(End({200}), Ended::kFailed);
  EXPECT_EQ(problem_, "a change that makes no sense");
  watch_.NextPath(300);
  EXPECT_FALSE(watch_.is_stream()) << "what the change was is missed";
  EXPECT_EQ(watch_.counters().unreadable, 2u);
}

TEST_F(WatchTest, PagesWithoutAnEndAreGivenUp) {
  watch_.NextPath(300);
  int pages = 0;
  while (Page({}, "40", "more") == Ended::kWell && pages < 5000) {
    ++pages;
    watch_.NextPath(300);
  }
  EXPECT_EQ(pages, 1000);
}

}  // namespace
}  // namespace nezuban::kube
