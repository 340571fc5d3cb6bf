#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything that can be said about the sources without running them. Needs the asan preset's
# compile_commands.json for clang-tidy, and configures it if it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

mapfile -t sources < <(git ls-files '*.cc' '*.h' '*.c')
clang-format-14 --dry-run --Werror "${sources[@]}" || failed=1

tests/layering.sh || failed=1

mapfile -t scripts < <(git ls-files | xargs grep -lE '^#!/bin/(ba)?sh' --)
shellcheck -x -e SC2013 "${scripts[@]}" || failed=1

for file in $(git ls-files bpf userspace tests scripts proto .ci | grep -vE '\.(md|json|txt|bin|sum)$|corpus/|clang-format'); do
	head -3 "$file" | grep -q SPDX-License-Identifier || {
		echo "no SPDX line: $file"
		failed=1
	}
done

# The units of the sanitizer builds: what eight sources include alike is looked at once.
[ -f build/asan/build.ninja ] || cmake --preset asan >/dev/null
cmake --build --preset asan --target generated >/dev/null
# A unit includes its sources.
run-clang-tidy-14 -quiet -p build/asan -j2 -checks=-bugprone-suspicious-include "$PWD/(build/asan/)?userspace/" \
	>build/asan/tidy.log 2>&1 || {
	grep -E 'error:|warning:' build/asan/tidy.log | sort -u
	failed=1
}
exit $failed
