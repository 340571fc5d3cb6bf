#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD SECONDS: each fuzzer of a build with NEZUBAN_FUZZ, that long, from its corpus.
# What it finds on the way is not kept in the tree; a crash fails and leaves its input in BUILD.
set -euo pipefail
build=$(cd "$1" && pwd)
seconds=$2
cd "$(dirname "$0")"
count=0
for fuzzer in "$build"/tests/fuzz/*_fuzzer; do
	name=$(basename "$fuzzer")
	work=$(mktemp -d)
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/$name-" "$work" "corpus/${name%_fuzzer}" >"$work.log" 2>&1 || {
		tail -40 "$work.log"
		echo "$name failed; its input is in $build"
		exit 1
	}
	echo "$name: $(grep -o 'stat::number_of_executed_units: *[0-9]*' "$work.log" | grep -o '[0-9]*$') runs in $seconds s"
	rm -rf "$work" "$work.log"
	count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "no fuzzers in $build/tests/fuzz"; exit 1; }
