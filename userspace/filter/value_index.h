// SPDX-License-Identifier: Apache-2.0
// ValueIndex: many tests of one field's value, answered by a few look-ups.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fields/arena.h"
#include "filter/index_key.h"
#include "filter/part_table.h"
#include "filter/prefix_table.h"
#include "filter/text_match.h"

namespace nezuban::filter {

// Immutable once it is built: may then be used by several threads at once.
class ValueIndex {
 public:
  // `user` is given back by Find where a value has the key.
  void Add(const IndexKey& key, std::uint32_t user);
  void Build();

  // Calls hit(user, decides) for every user one of whose keys the value has, or may have where it
  // is truncated, and perhaps for others; more than once for some. Where `decides` is set the value
  // has the key, and that settles the test. Allocates nothing but from `arena`.
  // REQUIRES: `value` is neither absent nor unknown, no list.
  template <typename Hit>
  void Find(const fields::Value& value, fields::Arena& arena, Hit hit) const {
    if (const auto* text = std::get_if<fields::Text>(&value)) {
      FindText(*text, arena, hit);
    } else if (const auto* ip = std::get_if<fields::IpAddress>(&value)) {
      FindIp(*ip, hit);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      FindNumber(*flag ? 1 : 0, hit);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      FindNumber(*number, hit);
    }
  }

  // "12 equal, 3 prefixes": how many keys of which kind, for people.
  std::string Describe() const;

 private:
  struct User {
    std::uint32_t user;
    bool decides;
  };
  using Users = std::vector<User>;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  struct IpHash {
    std::size_t operator()(const fields::IpAddress& ip) const noexcept {
      return std::hash<std::string_view>()({reinterpret_cast<const char*>(ip.bytes.data()), 16});
    }
  };
  // Networks of one family and width, by their masked address.
  struct Networks {
    bool v4;
    int bits;
    std::unordered_map<fields::IpAddress, Users, IpHash> by_address;
  };

  template <typename Hit>
  static void HitAll(const Users& users, bool certain, Hit& hit) {
    for (const User& u : users) hit(u.user, certain && u.decides);
  }
  template <typename Hit>
  static void HitEverything(const std::vector<Users>& all, Hit& hit) {
    for (const Users& users : all) HitAll(users, false, hit);
  }

  template <typename Hit>
  void FindNumber(std::int64_t number, Hit& hit) const {
    const auto at = numbers_.find(number);
    if (at != numbers_.end()) HitAll(at->second, true, hit);
  }

  template <typename Hit>
  void FindIp(const fields::IpAddress& ip, Hit& hit) const {
    for (const Networks& networks : networks_) {
      if (networks.v4 != ip.v4) continue;
      const auto at = networks.by_address.find(MaskedTo(ip, networks.bits));
      if (at != networks.by_address.end()) HitAll(at->second, true, hit);
    }
  }

  template <typename Hit>
  void FindText(const fields::Text& text, fields::Arena& arena, Hit& hit) const {
    const bool cut = text.truncated();
    FindEqual(text, hit);
    prefixes_.ForEachPrefixOf(text.bytes, [&](std::uint32_t number, std::size_t) {
      HitAll(prefix_users_[number], true, hit);
    });
    if (cut) {
      prefixes_.ForEachLongerThan(text.bytes,
                                  [&](std::uint32_t n) { HitAll(prefix_users_[n], false, hit); });
    }
    if (!paths_.empty()) FindPath(NormalPath(text.bytes, arena), cut, hit);
    FindInside(text, arena, hit);
  }

  template <typename Hit>
  void FindEqual(const fields::Text& text, Hit& hit) const {
    if (!text.truncated()) {
      const auto at = texts_.find(text.bytes);
      if (at != texts_.end()) HitAll(at->second, true, hit);
      return;
    }
    // A head as long as the longest constant rules them all out.
    if (text.bytes.size() >= longest_text_ && !text.bytes.empty()) return;
    for (const auto& [want, users] : texts_) {
      if (TextEquals(text, want) != Truth::kFalse) HitAll(users, false, hit);
    }
  }

  template <typename Hit>
  void FindPath(std::string_view path, bool cut, Hit& hit) const {
    paths_.ForEachPrefixOf(path, [&](std::uint32_t number, std::size_t size) {
      const bool whole = size < path.size() && path[size] == '/';
      const bool ends = size == path.size();
      if (whole || ends) HitAll(path_users_[number], whole || !cut, hit);
    });
    if (cut) {
      paths_.ForEachLongerThan(path, [&](std::uint32_t n) { HitAll(path_users_[n], false, hit); });
    }
  }

  // Ends and parts: of what was cut off nothing is known.
  template <typename Hit>
  void FindInside(const fields::Text& text, fields::Arena& arena, Hit& hit) const {
    if (text.truncated()) {
      HitEverything(suffix_users_, hit);
      HitEverything(part_users_, hit);
      HitEverything(part_any_case_users_, hit);
      return;
    }
    if (!suffixes_.empty()) {
      suffixes_.ForEachPrefixOf(ReversedEnd(text.bytes, arena), [&](std::uint32_t n, std::size_t) {
        HitAll(suffix_users_[n], true, hit);
      });
    }
    if (!parts_.empty()) {
      parts_.ForEachIn(text.bytes, [&](std::uint32_t n) { HitAll(part_users_[n], false, hit); });
    }
    if (!parts_any_case_.empty()) {
      parts_any_case_.ForEachIn(LowerCase(text.bytes, arena), [&](std::uint32_t n) {
        HitAll(part_any_case_users_[n], false, hit);
      });
    }
  }

  static fields::IpAddress MaskedTo(const fields::IpAddress& ip, int bits);
  static std::string_view NormalPath(std::string_view path, fields::Arena& arena);
  static std::string_view LowerCase(std::string_view text, fields::Arena& arena);
  // The last bytes, as many as the longest suffix has, back to front.
  std::string_view ReversedEnd(std::string_view text, fields::Arena& arena) const;
  void AddNetwork(const fields::IpAddress& address, int bits, User user);
  void AddEqual(const Constant& constant, User user);

  std::unordered_map<std::string, Users, TextHash, std::equal_to<>> texts_;
  std::size_t longest_text_ = 0;
  std::unordered_map<std::int64_t, Users> numbers_;  // booleans as 0 and 1
  std::vector<Networks> networks_;                   // an address alone: a network of one
  PrefixTable prefixes_;
  std::vector<Users> prefix_users_;
  PrefixTable paths_;  // "/a/b"
  std::vector<Users> path_users_;
  PrefixTable suffixes_;  // back to front
  std::vector<Users> suffix_users_;
  std::size_t longest_suffix_ = 0;
  PartTable parts_;
  std::vector<Users> part_users_;
  PartTable parts_any_case_;
  std::vector<Users> part_any_case_users_;
};

}  // namespace nezuban::filter
