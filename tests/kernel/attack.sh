#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: the monitor with some of its default rules, and what only a kernel that is
# nobody else's lets a container do. Prints the alerts as "alert JSON"; test_rules.py judges them.
export PATH=/bin
/nezuban/nezuban run --rules /nezuban/rules --cri-socket none --store memory --metrics none --socket /tmp/run/s \
  --output json >/tmp/alerts 2>/tmp/log &
monitor=$!
until grep -q watching /tmp/log; do
  kill -0 "$monitor" || { cat /tmp/log; exit 1; }
  sleep 0.5
done

pod=/sys/fs/cgroup/kubepods/besteffort/pod1/$(printf '7%.0s' $(seq 64))
mkdir -p "$pod"
# in_pod COMMAND: as runtimes do, the cgroup first.
in_pod() {
  sh -c "echo \$\$ >$pod/cgroup.procs; exec $1"
}
in_pod "/bin/busybox insmod /test/grantroot.ko"
in_pod "/bin/busybox su nobody -s /bin/sh -c 'grep Uid /proc/\$\$/status; echo >/proc/grantroot; grep Uid /proc/\$\$/status'"

for _ in $(seq 240); do
  grep -q 'by no known way' /tmp/alerts && break
  sleep 0.5
done
kill "$monitor"
wait "$monitor"
sed 's/^/alert /' /tmp/alerts
sed 's/^/log /' /tmp/log
