#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: the monitor with all default rules, and below it a Debian with its systemd, which
# /debian/work.sh keeps busy. Prints the alerts as "alert JSON"; prove_systemd.py judges them.
export PATH=/bin
# shellcheck source=tests/kernel/monitor.sh
. /nezuban/monitor.sh
# shellcheck source=tests/kernel/debian.sh
. /nezuban/debian.sh
start_monitor --rules /nezuban/rules
# taken: seconds since the boot, and ticks of CPU time the monitor has had.
taken() {
  echo "$(cut -d' ' -f1 /proc/uptime) $(cut -d' ' -f14,15 "/proc/$monitor/stat")"
}
begun=$(taken)

boot_debian
wait_for_work "$systemd" "$monitor" || { cat /tmp/work /tmp/log; exit 1; }
sed 's/^/work /' /tmp/work
# What was done last has come when this one has.
wait_for_alert 'command=cat /etc/shadow'
sleep 5
echo "cost $begun $(taken)"
cp /tmp/alerts /tmp/told # what ends the monitor now is told, too
end_monitor ended >/dev/null
sed 's/^/alert /' /tmp/told
sed 's/^/log /' /tmp/log
