// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_schema.h"

namespace nezuban::ruleset {

std::string_view RuleFileSchema() {
  return R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Nezuban rule file",
  "type": ["array", "null"],
  "items": {
    "anyOf": [
      {"type": "null"},
      {"$ref": "#/definitions/required_engine_version"},
      {"$ref": "#/definitions/required_plugin_versions"},
      {"$ref": "#/definitions/list"},
      {"$ref": "#/definitions/macro"},
      {"$ref": "#/definitions/rule"}
    ]
  },
  "definitions": {
    "required_engine_version": {
      "type": "object",
      "required": ["required_engine_version"],
      "additionalProperties": false,
      "properties": {
        "required_engine_version": {
          "description": "The least version of the language: 0.57.0, or 57.",
          "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+){0,2}([-+].*)?$"}
          ]
        }
      }
    },
    "plugin": {
      "type": "object",
      "required": ["name", "version"],
      "properties": {
        "name": {"type": "string"},
        "version": {"type": ["string", "number"]},
        "alternatives": {"type": "array", "items": {"$ref": "#/definitions/plugin"}}
      }
    },
    "required_plugin_versions": {
      "type": "object",
      "required": ["required_plugin_versions"],
      "additionalProperties": false,
      "properties": {
        "required_plugin_versions": {
          "type": "array",
          "items": {"$ref": "#/definitions/plugin"}
        }
      }
    },
    "text": {"type": ["string", "number", "boolean"]},
    "filled": {"type": "string", "pattern": "\\S"},
    "merge": {"enum": ["append", "replace"]},
    "replace": {"enum": ["replace"]},
    "append": {
      "type": "boolean",
      "description": "Deprecated: use override."
    },
    "list": {
      "type": "object",
      "required": ["list", "items"],
      "additionalProperties": false,
      "properties": {
        "list": {
          "description": "The name that conditions use. A later definition replaces an earlier one.",
          "$ref": "#/definitions/filled"
        },
        "items": {
          "description": "Values, and names of other lists.",
          "type": "array",
          "items": {"$ref": "#/definitions/text"}
        },
        "append": {"$ref": "#/definitions/append"},
        "override": {
          "type": "object",
          "additionalProperties": false,
          "properties": {"items": {"$ref": "#/definitions/merge"}}
        }
      }
    },
    "macro": {
      "type": "object",
      "required": ["macro", "condition"],
      "additionalProperties": false,
      "properties": {
        "macro": {
          "description": "The name that conditions use, those after it and in later files.",
          "type": "string",
          "pattern": "^[a-zA-Z][a-zA-Z0-9_]*$"
        },
        "condition": {"$ref": "#/definitions/filled"},
        "append": {"$ref": "#/definitions/append"},
        "override": {
          "type": "object",
          "additionalProperties": false,
          "properties": {"condition": {"$ref": "#/definitions/merge"}}
        }
      }
    },
    "texts": {
      "anyOf": [
        {"type": "string"},
        {"type": "array", "minItems": 1, "items": {"type": "string"}}
      ]
    },
    "exception": {
      "type": "object",
      "required": ["name"],
      "additionalProperties": false,
      "properties": {
        "name": {"$ref": "#/definitions/filled"},
        "fields": {
          "description": "One field, or several that are compared together.",
          "$ref": "#/definitions/texts"
        },
        "comps": {
          "description": "An operator for each field; in for one field, = for several.",
          "$ref": "#/definitions/texts"
        },
        "values": {
          "description": "Values of one field, or a sequence of them for each tuple.",
          "type": "array",
          "items": {
            "anyOf": [
              {"$ref": "#/definitions/text"},
              {
                "type": "array",
                "items": {
                  "anyOf": [
                    {"$ref": "#/definitions/text"},
                    {"type": "array", "items": {"$ref": "#/definitions/text"}}
                  ]
                }
              }
            ]
          }
        }
      }
    },
    "duration": {
      "description": "A number with its unit, at most 24h: 500ms, 5s, 10m, 1h.",
      "type": "string",
      "pattern": "^0*[1-9][0-9]*(ms|s|m|h)$"
    },
    "after": {
      "description": "Alerts only after another rule has matched.",
      "type": ["object", "null"],
      "required": ["rule", "within"],
      "additionalProperties": false,
      "properties": {
        "rule": {"description": "The rule that has to match first.", "$ref": "#/definitions/filled"},
        "within": {"$ref": "#/definitions/duration"},
        "same": {
          "description": "Fields that have the same value in both events.",
          "anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}, {"$ref": "#/definitions/texts"}]
        }
      }
    },
    "count": {
      "description": "Alerts only for many matches, once in a window.",
      "type": ["object", "null"],
      "required": ["at_least", "within"],
      "additionalProperties": false,
      "properties": {
        "at_least": {"type": "integer", "minimum": 1, "maximum": 10000},
        "within": {"$ref": "#/definitions/duration"},
        "by": {
          "description": "Fields by whose values matches are counted apart.",
          "anyOf": [{"type": "null"}, {"type": "array", "maxItems": 0}, {"$ref": "#/definitions/texts"}]
        },
        "distinct": {
          "description": "Counts different values of this field instead of matches.",
          "$ref": "#/definitions/filled"
        }
      }
    },
    "rule": {
      "type": "object",
      "required": ["rule"],
      "additionalProperties": false,
      "anyOf": [
        {"required": ["desc", "condition", "output", "priority"]},
        {"required": ["override"]},
        {"required": ["append"], "properties": {"append": {"const": true}}},
        {
          "required": ["enabled"],
          "properties": {"desc": false, "condition": false, "output": false, "priority": false}
        }
      ],
      "properties": {
        "rule": {
          "description": "The name that alerts have.",
          "$ref": "#/definitions/filled"
        },
        "desc": {
          "description": "What an alert means and what to do first.",
          "$ref": "#/definitions/filled"
        },
        "condition": {
          "description": "When it alerts. Begin with evt.type.",
          "$ref": "#/definitions/filled"
        },
        "output": {
          "description": "What the alert says; %field is filled in.",
          "$ref": "#/definitions/filled"
        },
        "priority": {
          "type": "string",
          "pattern": "^([eE][mM][eE][rR][gG][eE][nN][cC][yY]|[aA][lL][eE][rR][tT]|[cC][rR][iI][tT][iI][cC][aA][lL]|[eE][rR][rR][oO][rR]|[wW][aA][rR][nN][iI][nN][gG]|[nN][oO][tT][iI][cC][eE]|[iI][nN][fF][oO]([rR][mM][aA][tT][iI][oO][nN][aA][lL])?|[dD][eE][bB][uU][gG])$"
        },
        "source": {"type": "string", "default": "syscall"},
        "enabled": {"type": "boolean", "default": true},
        "tags": {"type": "array", "items": {"$ref": "#/definitions/text"}},
        "warn_evttypes": {"type": "boolean", "default": true},
        "skip-if-unknown-filter": {"type": "boolean", "default": false},
        "exceptions": {
          "type": ["array", "null"],
          "items": {"$ref": "#/definitions/exception"}
        },
        "after": {"$ref": "#/definitions/after"},
        "count": {"$ref": "#/definitions/count"},
        "alert": {
          "description": "false: matches only feed rules that come after this one.",
          "type": "boolean",
          "default": true
        },
        "capture": {"type": "boolean", "default": false},
        "capture_duration": {"type": "integer", "minimum": 0},
        "append": {"$ref": "#/definitions/append"},
        "override": {
          "description": "What to do with each key that is given here.",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "desc": {"$ref": "#/definitions/merge"},
            "condition": {"$ref": "#/definitions/merge"},
            "output": {"$ref": "#/definitions/merge"},
            "tags": {"$ref": "#/definitions/merge"},
            "exceptions": {"$ref": "#/definitions/merge"},
            "priority": {"$ref": "#/definitions/replace"},
            "enabled": {"$ref": "#/definitions/replace"},
            "after": {"$ref": "#/definitions/replace"},
            "count": {"$ref": "#/definitions/replace"},
            "alert": {"$ref": "#/definitions/replace"},
            "warn_evttypes": {"$ref": "#/definitions/replace"},
            "skip-if-unknown-filter": {"$ref": "#/definitions/replace"},
            "capture": {"$ref": "#/definitions/replace"},
            "capture_duration": {"$ref": "#/definitions/replace"}
          }
        }
      }
    }
  }
}
)json";
}

}  // namespace nezuban::ruleset
