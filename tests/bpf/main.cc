// SPDX-License-Identifier: Apache-2.0
// gtest's main, except that the proof may execute this very program: see ExecuteSomething.
#include <gtest/gtest.h>

#include <string_view>

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return 0;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
