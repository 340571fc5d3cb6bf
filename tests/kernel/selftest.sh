#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is scripts/kernel-test's answer to be trusted? Boots a kernel with programs that succeed, fail,
# die, hang and crash the kernel, and wants the right status of each.
# usage: tests/kernel/selftest.sh [KERNEL]
# shellcheck disable=SC2016  # dollars for the guest
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:-6.1}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0

# expect STATUS WHAT OPTIONS-AND-TEST...
expect() {
  want=$1 what=$2
  shift 2
  got=0
  "$root/scripts/kernel-test" --kernel "$kernel" "$@" >"$log" 2>&1 || got=$?
  if [ "$got" = "$want" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what: status $got, expected $want"
    sed 's/^/    /' "$log"
  fi
}

expect 0 "success" -- /bin/busybox true
expect 7 "arguments with quotes and blanks" -- /bin/busybox sh -c \
  '[ "$1" = "it'\''s a \"b\" \$c" ] && exit 7' sh 'it'\''s a "b" $c'
expect 3 "kind of sensor" --sensors object -- /bin/busybox sh -c \
  '[ "$NEZUBAN_TEST_SENSORS" = object ] && exit 3'
expect 139 "death by a signal" -- /bin/busybox sh -c 'kill -SEGV $$'
expect 1 "a status of its own making" -- /bin/busybox sh -c \
  'echo "kernel-test-0123456789abcdef status=0"; exit 1'
expect 125 "a panic" -- /bin/busybox sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
expect 125 "a power-off" -- /bin/busybox poweroff -f
expect 125 "a hang" --timeout 6 -- /bin/busybox sleep 99
expect 125 "no such program" -- /no/such/program
expect 125 "no such kernel" --kernel 1.0 -- /bin/busybox true

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
