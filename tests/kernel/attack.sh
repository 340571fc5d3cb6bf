#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: the monitor with some of its default rules, and what only a kernel that is
# nobody else's lets a container do. Prints the alerts as "alert JSON"; test_rules.py judges them.
export PATH=/bin
# shellcheck source=tests/kernel/monitor.sh
. /nezuban/monitor.sh
start_monitor --rules /nezuban/rules

pod=$(make_pod 1)
# in_pod COMMAND: as runtimes do, the cgroup first.
in_pod() {
  sh -c "echo \$\$ >$pod/cgroup.procs; exec $1"
}
in_pod "/bin/busybox insmod /test/grantroot.ko"
in_pod "/bin/busybox su nobody -s /bin/sh -c 'grep Uid /proc/\$\$/status; echo >/proc/grantroot; grep Uid /proc/\$\$/status'"

wait_for_alert 'by no known way'
end_monitor alert
sed 's/^/log /' /tmp/log
