// SPDX-License-Identifier: Apache-2.0
#include "ruleset/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>

#include "ruleset/scalar_map.h"

namespace nezuban::ruleset {
namespace {

// Thrown and caught in this file, as yaml-cpp's own exceptions are.
struct TooMuch {
  YAML::Mark mark;
  const char* what;
};

class Converter {
 public:
  Converter(std::string_view raw, std::string_view file) : raw_(raw), file_(file), lines_(raw) {}

  YamlNode Convert(const YAML::Node& node, int depth) {
    if (depth > kMaxYamlDepth) throw TooMuch{node.Mark(), "nested too deeply"};
    if (++nodes_ > kMaxYamlNodes) throw TooMuch{node.Mark(), "too many values"};
    YamlNode out;
    const std::size_t start = node.Mark().is_null() ? 0 : static_cast<std::size_t>(node.Mark().pos);
    out.scalar.anchors = {lines_.AnchorAt(std::min(start, raw_.size()), 0, file_)};
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        ConvertScalar(node, start, out);
        break;
      case YAML::NodeType::Sequence:
        out.kind = YamlNode::Kind::kSequence;
        for (const YAML::Node& item : node) out.items.push_back(Convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        out.kind = YamlNode::Kind::kMap;
        for (const auto& entry : node) {
          out.entries.push_back(
              {Convert(entry.first, depth + 1), Convert(entry.second, depth + 1)});
        }
        break;
    }
    return out;
  }

  Position At(const YAML::Mark& mark) const {
    return {std::string(file_), mark.line + 1, mark.column + 1};
  }

 private:
  void ConvertScalar(const YAML::Node& node, std::size_t start, YamlNode& out) {
    out.kind = YamlNode::Kind::kScalar;
    out.quoted = node.Tag() == "!";
    out.scalar.text = node.Scalar();
    bytes_ += out.scalar.text.size();
    if (bytes_ > 4 * kMaxFileBytes) throw TooMuch{node.Mark(), "too many values"};
    out.scalar.anchors =
        MapScalar(raw_, std::min(start, raw_.size()), out.scalar.text, lines_, file_);
  }

  std::string_view raw_;
  std::string_view file_;
  LineTable lines_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;  // of scalars, those behind aliases counted each time
};

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.is_scalar() && name.text() == key) return &value;
  }
  return nullptr;
}

std::optional<std::vector<YamlNode>> ParseYaml(std::string_view text, std::string_view file,
                                               Diagnostics& diagnostics) {
  if (text.size() > kMaxFileBytes) {
    diagnostics.Error({std::string(file)}, "larger than 16 MiB");
    return std::nullopt;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Converter converter(text, file);
  try {
    std::vector<YamlNode> documents;
    for (const YAML::Node& document : YAML::LoadAll(std::string(text))) {
      documents.push_back(converter.Convert(document, 0));
    }
    return documents;
  } catch (const YAML::Exception& e) {
    diagnostics.Error(converter.At(e.mark), "YAML: " + e.msg);
  } catch (const TooMuch& e) {
    diagnostics.Error(converter.At(e.mark), std::string("YAML: ") + e.what);
  }
  return std::nullopt;
}

std::optional<bool> YamlBool(const YamlNode& node) {
  static constexpr std::array<std::string_view, 4> kTrue = {"true", "yes", "on", "y"};
  static constexpr std::array<std::string_view, 4> kFalse = {"false", "no", "off", "n"};
  if (!node.is_scalar()) return std::nullopt;
  std::string lower = node.text();
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (std::ranges::find(kTrue, lower) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, lower) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace nezuban::ruleset
