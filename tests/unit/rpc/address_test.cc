// SPDX-License-Identifier: Apache-2.0
#include "rpc/address.h"

#include <gtest/gtest.h>

namespace nezuban::rpc {
namespace {

TEST(LoopbackTarget, TakesLoopbackOnly) {
  const struct {
    std::string address;
    bool fine;
  } kCases[] = {
      {"127.0.0.1:50051", true},
      {"127.0.0.1:0", true},
      {"127.9.9.9:1", true},
      {"[::1]:65535", true},
      {"0.0.0.0:50051", false},
      {"[::]:50051", false},
      {"::1:50051", false},
      {"10.0.0.1:50051", false},
      {"localhost:50051", false},
      {"127.0.0.1", false},
      {"127.0.0.1:", false},
      {"127.0.0.1:65536", false},
      {"127.0.0.1:-1", false},
      {"127.0.0.1: 1", false},
      {"127.0.0.1:1x", false},
      {"127.1:50051", false},
      {"128.0.0.1:1", false},
      {"", false},
      {":50051", false},
      {"127.0.0.1:1:2", false},
      {"unix:/tmp/x", false},
      {"127.0.0.1.evil.com:1", false},
      {"[::ffff:10.0.0.1]:1", false},
  };
  for (const auto& c : kCases) {
    const auto target = LoopbackTarget(c.address);
    EXPECT_EQ(target.has_value(), c.fine) << c.address;
    EXPECT_EQ(target ? *target : c.address, c.address);
    EXPECT_EQ(target ? 1 : target.error().exit_code, 1);
  }
}

TEST(UnixTarget, EncodesWhatGrpcWouldDecode) {
  EXPECT_EQ(UnixTarget("/run/nezuban/nezuban.sock").value(), "unix:/run/nezuban/nezuban.sock");
  EXPECT_EQ(UnixTarget("/tmp/a b%41?#\xff").value(), "unix:/tmp/a%20b%2541%3F%23%FF");
  EXPECT_TRUE(UnixTarget("x.sock").value().starts_with("unix:/"));
}

TEST(UnixTarget, RefusesWhatASocketCannotHave) {
  EXPECT_TRUE(UnixTarget("/" + std::string(106, 'a')));
  for (const std::string& path :
       {"/" + std::string(107, 'a'), std::string(), std::string("/\0", 2)}) {
    const auto target = UnixTarget(path);
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().exit_code, 1);
  }
}

TEST(ClientTarget, TakesBothSpellingsOfAUnixAddress) {
  EXPECT_EQ(ClientTarget("unix:///run/x.sock").value(), "unix:/run/x.sock");
  EXPECT_EQ(ClientTarget("unix:/run/x.sock").value(), "unix:/run/x.sock");
  EXPECT_EQ(ClientTarget("127.0.0.1:9").value(), "127.0.0.1:9");
  for (const char* address : {"unix:", "unix://", "example.com:9", "/run/x.sock", ""}) {
    EXPECT_FALSE(ClientTarget(address)) << address;
  }
}

}  // namespace
}  // namespace nezuban::rpc
