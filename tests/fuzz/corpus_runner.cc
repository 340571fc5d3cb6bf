// SPDX-License-Identifier: Apache-2.0
// Runs a fuzzer's entry point on every file of a corpus folder, and on each file cut short: what
// libFuzzer once found stays found, with any compiler.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kCuts = 64;  // per file

// On the heap and exactly as long as the input, so that a sanitizer sees one byte too many.
void RunOne(const std::string& input, std::size_t size) {
  auto exact = std::make_unique<std::uint8_t[]>(size);
  std::memcpy(exact.get(), input.data(), size);
  LLVMFuzzerTestOneInput(exact.get(), size);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 1;
  }
  std::error_code error;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    if (!file.good() && !file.eof()) {
      std::fprintf(stderr, "cannot read %s\n", entry.path().c_str());
      return 1;
    }
    for (std::size_t cut = 0; cut < kCuts; ++cut) RunOne(input, input.size() * cut / kCuts);
    RunOne(input, input.size());
    ++files;
  }
  if (error || files == 0) {
    std::fprintf(stderr, "no corpus in %s\n", argv[1]);
    return 1;
  }
  std::printf("%d files\n", files);
  return 0;
}
