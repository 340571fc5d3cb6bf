// SPDX-License-Identifier: Apache-2.0
// What each program costs the verifier, against the table in bpf/VERIFIER.md.
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "bpf/harness.h"
#include "verifier_table.h"

namespace nezuban::bpf_test {
namespace {

// At most so much more than the table says: compilers differ a little.
constexpr double kGrowth = 1.1;
constexpr double kGrowthElsewhere = 2.0;  // on a kernel that has no column: than the highest
constexpr std::uint32_t kSlack = 500;

// The running kernel's line, as a column is called: "6.12".
std::string KernelLine() {
  utsname names{};
  int major = 0;
  int minor = 0;
  if (::uname(&names) != 0 || std::sscanf(names.release, "%d.%d", &major, &minor) != 2) return "";
  return std::to_string(major) + "." + std::to_string(minor);
}

// The cells of a line of a table, without blanks.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream words(line.substr(1));
  for (std::string cell; std::getline(words, cell, '|');) {
    std::erase(cell, ' ');
    cells.push_back(cell);
  }
  return cells;
}

// By program: the most that is fine on the running kernel.
std::map<std::string, double> Limits() {
  std::map<std::string, double> limits;
  std::size_t column = 0;  // 0: the running kernel has none
  std::istringstream lines(kVerifierTable);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    const std::vector<std::string> cells = Cells(line);
    if (cells[0] == "program") {
      const auto found = std::find(cells.begin(), cells.end(), KernelLine());
      if (found != cells.end()) column = static_cast<std::size_t>(found - cells.begin());
      continue;
    }
    double most = 0;
    for (std::size_t i = 1; i < cells.size(); ++i) {
      const double value = std::atof(cells[i].c_str());
      if (column == 0) most = std::max(most, value * kGrowthElsewhere);
      if (column == i) most = value * kGrowth;
    }
    limits[cells[0]] = most + kSlack;
  }
  return limits;
}

TEST(Verifier, ProgramsCostWhatTheTableSays) {
  const std::map<std::string, double> limits = Limits();
  Harness harness;
  const auto verified = harness.source().VerifiedInstructions();
  EXPECT_GT(verified.size(), 50u);
  const bool renewing = std::getenv("NEZUBAN_TEST_VERIFIED") != nullptr;
  for (const probe::SensorStatus& sensor : harness.source().sensors())
    if (renewing && !sensor.why.empty())
      std::printf("%u %s: %s\n", sensor.event, sensor.hook.c_str(), sensor.why.c_str());
  for (const auto& [program, instructions] : verified) {
    // For who renews the table.
    if (renewing)
      std::printf("verified %s %s %u\n", KernelLine().c_str(), program.c_str(), instructions);
    const auto limit = limits.find(program);
    EXPECT_NE(limit, limits.end()) << program << " (" << instructions << ") has no row";
    if (limit == limits.end()) continue;
    EXPECT_LE(instructions, limit->second) << program;
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
