// SPDX-License-Identifier: Apache-2.0
// gtest's main, except that the proof may execute this very program: see ExecuteSomething.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

// What a guest's kernel takes to take two hundred sensors off again, half a minute under emulation,
// nobody has to wait for, as the guest is switched off next: who holds their descriptors keeps
// them.
static void KeepSensorsAttached() {
  if (::fork() != 0) return;
  for (;;) ::pause();
}

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return 0;
  ::testing::InitGoogleTest(&argc, argv);
  const int status = RUN_ALL_TESTS();
  if (std::getenv("NEZUBAN_TEST_GUEST") != nullptr) KeepSensorsAttached();
  return status;
}
