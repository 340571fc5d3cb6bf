// SPDX-License-Identifier: Apache-2.0
// Real certificates for a test, made by openssl.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "testlib/temp_dir.h"

namespace nezuban::testlib {

class Certificates {
 public:
  Certificates() { MakeCa("ca"); }

  std::string Certificate(const std::string& name) const { return dir_ / (name + ".pem"); }
  std::string Key(const std::string& name) const { return dir_ / (name + ".key"); }

  void MakeCa(const std::string& name) {
    Run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=" + name +
        " -keyout " + Key(name) + " -out " + Certificate(name));
  }

  // For `common_name` and this machine's loopback addresses.
  void Make(const std::string& name, const std::string& common_name, const std::string& ca = "ca",
            int days = 30, const std::string& more_names = "") {
    const std::string request = dir_ / (name + ".csr");
    const std::string extensions = dir_ / (name + ".ext");
    std::ofstream(extensions) << "subjectAltName=IP:127.0.0.1,IP:::1" << more_names << "\n";
    Run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + common_name +
        " -keyout " + Key(name) + " -out " + request);
    Run("x509 -req -in " + request + " -CA " + Certificate(ca) + " -CAkey " + Key(ca) +
        " -CAcreateserial -days " + std::to_string(days) + " -extfile " + extensions + " -out " +
        Certificate(name));
  }

  // Puts the certificate and key of `by` where those of `name` were, each at once.
  void Replace(const std::string& name, const std::string& by) {
    std::filesystem::rename(Key(by), Key(name));
    std::filesystem::rename(Certificate(by), Certificate(name));
  }

 private:
  static void Run(const std::string& arguments) {
    const std::string command = "openssl " + arguments + " >/dev/null 2>&1 </dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  testlib::TempDir dir_;
};

}  // namespace nezuban::testlib
