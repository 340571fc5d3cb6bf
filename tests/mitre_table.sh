#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mitre_table.sh NEZUBAN: the table in rules/README.md is what `nezuban rules list --mitre` prints of the default rules.
set -eu
cd "$(dirname "$0")/.."
printed=$("$1" rules list --mitre rules/default)
written=$(sed -n '/^| technique /,/^$/p' rules/README.md)
[ "$printed" != "$written" ] || exit 0
echo "rules/README.md has another table than this:"
echo "$printed"
exit 1
