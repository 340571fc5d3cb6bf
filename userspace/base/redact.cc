// SPDX-License-Identifier: Apache-2.0
#include "base/redact.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nezuban {
namespace {

// What names of options, variables and keys a secret goes by.
#define NEZUBAN_SECRET_NAME                                                     \
  "(?:[A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|" \
  "access[_-]?key|private[_-]?key|auth[_-]?key|credentials?)|pass|[a-z0-9_-]+[_-]pass)"
// Ends at what ends a word in a shell, a query string, or JSON.
#define NEZUBAN_WORD "([^\\s\\x00'\"&;|,)}]+)"

constexpr std::array kPatterns = {
    // An argument of its own: all of it is the value, blanks included.
    SecretPattern{"option=value, an argument", "(?i)\\x00--?" NEZUBAN_SECRET_NAME "=([^\\x00]+)"},
    SecretPattern{"option value, two arguments",
                  "(?i)\\x00--?" NEZUBAN_SECRET_NAME "\\x00([^\\x00-][^\\x00]*)"},
    // Inside a line: a word, or what is in quotes.
    SecretPattern{"name=value", "(?i)\\b" NEZUBAN_SECRET_NAME "=" NEZUBAN_WORD},
    SecretPattern{"name='value'", "(?i)\\b" NEZUBAN_SECRET_NAME "=[\"']([^\"'\\x00]+)[\"']"},
    SecretPattern{"option value, in a line",
                  "(?i)(?:^|[\\s'\"])--?" NEZUBAN_SECRET_NAME "[ \\t]+['\"]?([^\\s\\x00'\"&;|-]"
                  "[^\\s\\x00'\"&;|]*)"},
    SecretPattern{"\"name\": \"value\"", "(?i)\"" NEZUBAN_SECRET_NAME "\"\\s*:\\s*\"([^\"\\x00]+)"},
    SecretPattern{"user:password in a URL",
                  "[A-Za-z][A-Za-z0-9+.-]*://[^\\s\\x00/@:'\"]*:([^\\s\\x00/@'\"]+)@"},
    SecretPattern{"Authorization header",
                  "(?i)\\b(?:proxy-)?authorization:\\s*(?:[a-z]+\\s+)?([^\\s\\x00'\"]+)"},
    SecretPattern{"header with a key",
                  "(?i)\\bx-[a-z-]*(?:token|key|secret|password):\\s*([^\\s\\x00'\"]+)"},
    SecretPattern{"bearer token", "(?i)\\bbearer\\s+([A-Za-z0-9._~+/=-]{8,})"},
    // The header and the claims of a JSON Web Token are of use; who signed is what makes it valid.
    SecretPattern{"JSON Web Token",
                  "\\b(eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*)"},
    SecretPattern{"AWS key id", "\\b((?:AKIA|ASIA)[0-9A-Z]{16})\\b"},
    SecretPattern{"GitHub token", "\\b((?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,})"},
    SecretPattern{"GitLab token", "\\b(glpat-[A-Za-z0-9_-]{20,})"},
    SecretPattern{"Slack token", "\\b(xox[abposr]-[A-Za-z0-9-]{10,})"},
    SecretPattern{"Google key", "\\b(AIza[0-9A-Za-z_-]{35})"},
    SecretPattern{"private key", "-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)"},
    SecretPattern{"mysql -pPASSWORD",
                  "(?:^|[\\s\\x00/;|&])(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|"
                  "mariadb-dump)\\b[^;|&\\n]*?[\\s\\x00]-p" NEZUBAN_WORD},
    SecretPattern{"sshpass -p PASSWORD",
                  "(?:^|[\\s\\x00/;|&])sshpass[\\s\\x00]+-p[\\s\\x00]*" NEZUBAN_WORD},
    SecretPattern{
        "redis-cli -a PASSWORD",
        "(?:^|[\\s\\x00/;|&])redis-cli\\b[^;|&\\n]*?[\\s\\x00]-a[\\s\\x00]+" NEZUBAN_WORD},
    SecretPattern{"docker login -p PASSWORD",
                  "\\b(?:docker|podman|nerdctl|buildah|skopeo|helm)[\\s\\x00][^;|&\\n]*?login\\b"
                  "[^;|&\\n]*?[\\s\\x00]-p[\\s\\x00]*" NEZUBAN_WORD},
    SecretPattern{"curl -u user:PASSWORD",
                  "(?:^|[\\s\\x00/;|&])(?:curl|wget)\\b[^;|&\\n]*?[\\s\\x00](?:-u|--user|"
                  "--proxy-user|-U)[\\s\\x00=]*['\"]?[^\\s\\x00:'\"]*:" NEZUBAN_WORD},
};
// Of an environment's variables all is the value, blanks included, and more names count than in a
// command line: nobody reads them there.
constexpr std::string_view kVariable =
    "(?i)\\x00[^=\\x00]*(?:pass|secret|token|key|auth|cred|dsn|conn(?:ection)?_?str|_pwd|_pat)"
    "[^=\\x00]*=([^\\x00]+)";
#undef NEZUBAN_SECRET_NAME
#undef NEZUBAN_WORD

struct Span {
  std::size_t begin;
  std::size_t end;
};

RE2::Options Options() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // any bytes
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{16} << 20);
  return options;
}

void FindAll(const RE2& regex, std::string_view text, std::vector<Span>& found) {
  const re2::StringPiece whole(text.data(), text.size());
  const int group = regex.NumberOfCapturingGroups() > 0 ? 1 : 0;
  std::array<re2::StringPiece, 2> match;
  for (std::size_t at = 0; at <= text.size();) {
    if (!regex.Match(whole, at, text.size(), RE2::UNANCHORED, match.data(), group + 1)) return;
    const re2::StringPiece& secret = match[static_cast<std::size_t>(group)];
    const auto end = static_cast<std::size_t>(match[0].end() - text.data());
    if (!secret.empty()) {
      const auto begin = static_cast<std::size_t>(secret.data() - text.data());
      found.push_back({begin, begin + secret.size()});
    }
    // The delimiter at the end of one may be that at the start of the next.
    at = std::max(at + 1, end);
  }
}

bool IsMask(std::string_view text) {
  return text.size() <= Redactor::kMask.size() && text == Redactor::kMask.substr(0, text.size());
}

// nullopt: nothing is found that is not masked already.
std::optional<std::string> Masked(std::string_view text, std::vector<Span> found) {
  std::ranges::sort(found, {}, &Span::begin);
  std::string out;
  std::size_t at = 0;  // what comes before is done
  bool changed = false;
  for (std::size_t i = 0; i < found.size();) {
    Span secret = found[i];  // with those that overlap it
    for (++i; i < found.size() && found[i].begin < secret.end; ++i) {
      secret.end = std::max(secret.end, found[i].end);
    }
    const std::string_view bytes = text.substr(secret.begin, secret.end - secret.begin);
    changed |= !IsMask(bytes);
    out += text.substr(at, secret.begin - at);
    out += Redactor::kMask.substr(0, bytes.size());
    at = secret.end;
  }
  if (!changed) return std::nullopt;
  return out.append(text.substr(at));
}

}  // namespace

std::span<const SecretPattern> SecretPatterns() { return kPatterns; }

struct Redactor::Compiled {
  std::vector<std::unique_ptr<const RE2>> patterns;
  RE2::Set any{Options(), RE2::UNANCHORED};
  const RE2 variable{{kVariable.data(), kVariable.size()}, Options()};

  std::vector<Span> Find(std::string_view text) const;
};

Redactor::Redactor(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Redactor::~Redactor() = default;

Result<std::shared_ptr<const Redactor>> Redactor::Make(std::span<const std::string> more) {
  auto compiled = std::make_unique<Compiled>();
  std::vector<std::string> all;
  for (const SecretPattern& pattern : kPatterns) all.emplace_back(pattern.regex);
  all.insert(all.end(), more.begin(), more.end());
  for (const std::string& text : all) {
    auto regex = std::make_unique<const RE2>(text, Options());
    if (!regex->ok()) return Fail("redaction pattern '" + text + "': " + regex->error(), 1);
    compiled->any.Add(text, nullptr);
    compiled->patterns.push_back(std::move(regex));
  }
  if (!compiled->any.Compile()) return Fail("the redaction patterns are too large together", 1);
  return std::shared_ptr<const Redactor>(new Redactor(std::move(compiled)));
}

std::vector<Span> Redactor::Compiled::Find(std::string_view text) const {
  std::vector<int> hits;
  std::vector<Span> found;
  RE2::Set::ErrorInfo error{};
  const bool some = any.Match({text.data(), text.size()}, &hits, &error);
  if (error.kind != RE2::Set::kNoError) {  // out of memory for the set: each by itself
    hits.resize(patterns.size());
    for (std::size_t i = 0; i < hits.size(); ++i) hits[i] = static_cast<int>(i);
  } else if (!some) {
    return found;
  }
  for (const int hit : hits) FindAll(*patterns[static_cast<std::size_t>(hit)], text, found);
  return found;
}

std::optional<std::string> Redactor::Redact(std::string_view text) const {
  return Masked(text, compiled_->Find(text));
}

std::optional<std::string> Redactor::RedactVariables(std::string_view variables) const {
  std::string text(1, '\0');  // the first one begins like every other
  text.append(variables);
  std::vector<Span> found = compiled_->Find(text);
  FindAll(compiled_->variable, text, found);
  auto masked = Masked(text, std::move(found));
  if (masked) masked->erase(0, 1);
  return masked;
}

}  // namespace nezuban
