// SPDX-License-Identifier: Apache-2.0
#include "filter/value_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace nezuban::filter {
namespace {}  // namespace

void ValueIndex::Add(const IndexKey& key, std::uint32_t user) {
  const User entry{user, key.decides};
  const auto add = [&](auto& table, std::vector<Users>& users, std::string_view text) {
    const std::uint32_t number = table.Add(text);
    if (users.size() <= number) users.resize(number + 1);
    users[number].push_back(entry);
  };
  if (key.kind == KeyKind::kEqual) return AddEqual(key.constant, entry);
  if (key.kind == KeyKind::kNetwork) {
    const auto& network = std::get<Network>(key.constant);
    return AddNetwork(network.address, network.bits, entry);
  }
  const auto& text = std::get<std::string>(key.constant);
  CHECK(!text.empty());
  if (key.kind == KeyKind::kPrefix) {
    add(prefixes_, prefix_users_, text);
  } else if (key.kind == KeyKind::kPath) {
    add(paths_, path_users_, text);
  } else if (key.kind == KeyKind::kSuffix) {
    add(suffixes_, suffix_users_, std::string(text.rbegin(), text.rend()));
    longest_suffix_ = std::max(longest_suffix_, text.size());
  } else if (key.kind == KeyKind::kPart) {
    add(parts_, part_users_, text);
  } else {
    add(parts_any_case_, part_any_case_users_, text);
  }
}

void ValueIndex::AddEqual(const Constant& constant, User user) {
  if (const auto* text = std::get_if<std::string>(&constant)) {
    texts_[*text].push_back(user);
    longest_text_ = std::max(longest_text_, text->size());
  } else if (const auto* number = std::get_if<std::int64_t>(&constant)) {
    numbers_[*number].push_back(user);
  } else if (const auto* flag = std::get_if<bool>(&constant)) {
    numbers_[*flag ? 1 : 0].push_back(user);
  } else {
    const auto& ip = std::get<fields::IpAddress>(constant);
    AddNetwork(ip, ip.v4 ? 32 : 128, user);
  }
}

void ValueIndex::AddNetwork(const fields::IpAddress& address, int bits, User user) {
  auto at = std::ranges::find_if(
      networks_, [&](const Networks& n) { return n.v4 == address.v4 && n.bits == bits; });
  if (at == networks_.end()) at = networks_.insert(at, Networks{address.v4, bits, {}});
  at->by_address[address].push_back(user);
}

void ValueIndex::Build() {
  prefixes_.Build();
  paths_.Build();
  suffixes_.Build();
  parts_.Build();
  parts_any_case_.Build();
}

fields::IpAddress ValueIndex::MaskedTo(const fields::IpAddress& ip, int bits) {
  Network network{ip, bits};
  network.MaskHostBits();
  return network.address;
}

std::string_view ValueIndex::NormalPath(std::string_view path, fields::Arena& arena) {
  if (path.starts_with('/') && path.find("//") == std::string_view::npos) return path;
  const std::span<char> normal = arena.Bytes(path.size() + 1);
  std::size_t size = 0;
  normal[size++] = '/';
  for (const char c : path) {
    if (c != '/' || normal[size - 1] != '/') normal[size++] = c;
  }
  return {normal.data(), size};
}

std::string_view ValueIndex::LowerCase(std::string_view text, fields::Arena& arena) {
  const std::span<char> lower = arena.Bytes(text.size());
  std::ranges::transform(text, lower.begin(), LowerAscii);
  return {lower.data(), lower.size()};
}

std::string_view ValueIndex::ReversedEnd(std::string_view text, fields::Arena& arena) const {
  text.remove_prefix(text.size() - std::min(text.size(), longest_suffix_));
  const std::span<char> reversed = arena.Bytes(text.size());
  std::reverse_copy(text.begin(), text.end(), reversed.begin());
  return {reversed.data(), reversed.size()};
}

std::string ValueIndex::Describe() const {
  std::size_t networks = 0;
  for (const Networks& n : networks_) networks += n.by_address.size();
  const std::pair<std::size_t, std::string_view> kCounts[] = {
      {texts_.size() + numbers_.size(), "equal"},
      {networks, "networks"},
      {prefixes_.size(), "prefixes"},
      {paths_.size(), "paths"},
      {suffixes_.size(), "suffixes"},
      {parts_.size() + parts_any_case_.size(), "parts"}};
  std::string text;
  for (const auto& [count, what] : kCounts) {
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " " + std::string(what);
  }
  return text;
}

}  // namespace nezuban::filter
