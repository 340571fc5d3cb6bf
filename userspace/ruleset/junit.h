// SPDX-License-Identifier: Apache-2.0
// Outcomes of rule tests in the XML that CI systems read.
#pragma once

#include <string>

#include "base/diagnostics.h"
#include "ruleset/rule_test.h"

namespace nezuban::ruleset {

// One testsuite a test file, one testcase an event. Errors in files are testcases that could not be
// run. Always well-formed, whatever the names are.
std::string ToJUnit(const TestReport& report, const Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
