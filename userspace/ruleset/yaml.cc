// SPDX-License-Identifier: Apache-2.0
#include "ruleset/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "base/text.h"
#include "ruleset/scalar_map.h"

namespace nezuban::ruleset {
namespace {

// Thrown and caught in this file, as yaml-cpp's own exceptions are.
struct TooMuch {
  YAML::Mark mark;
  const char* what;
};

// Builds nodes from the parser's events. yaml-cpp's own tree is not used: its loader goes on for
// ever where the parser comes to a stray bracket and stays there.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view raw, std::string_view file) : raw_(raw), file_(file), lines_(raw) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_document_) throw TooMuch{mark, "unexpected character"};
    last_document_ = mark.pos;
    open_.clear();
    anchors_.clear();
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Finish({Start(mark), anchor, nodes_, bytes_, {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw TooMuch{mark, "an alias within what it stands for"};
    Count(mark, known->second.nodes, known->second.bytes);
    Add(known->second.node);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Start(mark);
    Count(mark, 0, value.size());
    node.quoted = tag == "!";
    node.kind = !node.quoted && IsNull(value) ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar;
    node.scalar.text = value;
    node.scalar.anchors = MapScalar(raw_, Offset(mark), value, lines_, file_);
    Finish({std::move(node), anchor, nodes_, bytes_ - value.size(), {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Enter(mark, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { Leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Enter(mark, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Leave(); }

  Position At(const YAML::Mark& mark) const {
    return {std::string(file_), mark.line + 1, mark.column + 1};
  }
  std::vector<YamlNode> TakeDocuments() { return std::move(documents_); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::size_t bytes_before;
    std::optional<YamlNode> key;  // of a map's entry, until its value comes
  };
  struct Anchored {
    YamlNode node;
    std::size_t nodes;
    std::size_t bytes;
  };

  static bool IsNull(const std::string& value) {
    return value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL";
  }
  std::size_t Offset(const YAML::Mark& mark) const {
    return mark.pos < 0 ? 0 : std::min(static_cast<std::size_t>(mark.pos), raw_.size());
  }
  // What aliases stand for counts each time.
  void Count(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > kMaxYamlNodes || bytes_ > 4 * kMaxFileBytes) {
      throw TooMuch{mark, "too many values"};
    }
  }
  YamlNode Start(const YAML::Mark& mark) {
    Count(mark, 1, 0);
    YamlNode node;
    node.scalar.anchors = {lines_.AnchorAt(Offset(mark), 0, file_)};
    return node;
  }
  void Enter(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (open_.size() >= kMaxYamlDepth) throw TooMuch{mark, "nested too deeply"};
    const std::size_t before = nodes_;
    YamlNode node = Start(mark);
    node.kind = kind;
    open_.push_back({std::move(node), anchor, before, bytes_, {}});
  }
  void Leave() {
    Open done = std::move(open_.back());
    open_.pop_back();
    Finish(std::move(done));
  }
  void Finish(Open done) {
    if (done.anchor != 0) {
      const std::size_t nodes = std::max<std::size_t>(1, nodes_ - done.nodes_before);
      anchors_.insert_or_assign(done.anchor,
                                Anchored{done.node, nodes, bytes_ - done.bytes_before});
    }
    Add(std::move(done.node));
  }
  void Add(YamlNode node) {
    if (open_.empty()) {
      documents_.push_back(std::move(node));
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_sequence()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      // The parser says that a value left out is where the next thing stands.
      const Anchor& key = parent.key->scalar.anchors[0];
      if (node.is_null() && node.scalar.anchors[0].line != key.line) node.scalar.anchors = {key};
      parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  std::string_view raw_;
  std::string_view file_;
  LineTable lines_;
  std::vector<YamlNode> documents_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  int last_document_ = -1;
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
  Builder builder(text, file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeDocuments();
  } catch (const YAML::Exception& e) {
    diagnostics.Error(builder.At(e.mark), "YAML: " + e.msg);
  } catch (const TooMuch& e) {
    diagnostics.Error(builder.At(e.mark), std::string("YAML: ") + e.what);
  }
  return std::nullopt;
}

std::optional<bool> YamlBool(const YamlNode& node) {
  static constexpr std::array<std::string_view, 4> kTrue = {"true", "yes", "on", "y"};
  static constexpr std::array<std::string_view, 4> kFalse = {"false", "no", "off", "n"};
  if (!node.is_scalar()) return std::nullopt;
  std::string lower = node.text();
  std::ranges::transform(lower, lower.begin(), LowerAscii);
  if (std::ranges::find(kTrue, lower) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, lower) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace nezuban::ruleset
