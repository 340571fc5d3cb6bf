#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test, whose clock counts instructions: acts without and with the monitor. Prints
# "act STATE ACT COUNT INSTRUCTIONS" and what bpftool says of the programs; prove_cost.py makes a table of it.
export PATH=/bin
# shellcheck source=tests/kernel/monitor.sh
. /nezuban/monitor.sh
mkdir -p /etc
echo 'root:x:0:0::/:/bin/sh' >/etc/passwd

# measure STATE
measure() {
  while read -r act count; do
    [ "$1" = without ] || echo "before-$1-$act $(/nezuban/bpftool prog show --json)"
    echo "act $1 $act $count $(/nezuban/workload "$act" "$count")"
    [ "$1" = without ] || echo "after-$1-$act $(/nezuban/bpftool prog show --json)"
  done <<END
getpid 20000
pipe 5000
stat 5000
open 5000
connect 500
forkexec 50
END
}

echo 1 >/proc/sys/kernel/bpf_stats_enabled
for kind in object tracepoint; do
  start_monitor --sensors "$kind" --rules /nezuban/rules
  sleep 3
  measure "$kind"
  end_monitor alert >/dev/null
done
measure without # last: a kernel that has just booted is still at work
