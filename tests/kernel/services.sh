#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: the monitor with all default rules, and below it a Debian with its systemd, which
# /debian/work.sh keeps busy. Prints the alerts as "alert JSON"; prove_systemd.py judges them.
export PATH=/bin
/nezuban/nezuban run --rules /nezuban/rules --cri-socket none --store memory --metrics none --socket /tmp/run/s \
  --output json >/tmp/alerts 2>/tmp/log &
monitor=$!
until grep -q watching /tmp/log; do
  kill -0 "$monitor" || { cat /tmp/log; exit 1; }
  sleep 0.5
done
# taken: seconds since the boot, and ticks of CPU time the monitor has had.
taken() {
  echo "$(cut -d' ' -f1 /proc/uptime) $(cut -d' ' -f14,15 "/proc/$monitor/stat")"
}
begun=$(taken)

# As its root where it would be if it had booted, and as the first process of a machine; /init stays that of the guest.
mount --make-rprivate / # or nothing can be moved
mount --bind /debian /debian
mkdir -p /debian/quiet
mount --bind /tmp /debian/quiet
unshare -p -f sh -c 'cd /debian && mount --move . / && exec chroot . /lib/systemd/systemd --system --log-target=console --log-level=notice' \
  </dev/null &
systemd=$!

for _ in $(seq 3600); do
  [ -e /tmp/done ] && break
  kill -0 "$monitor" "$systemd" || { cat /tmp/log; exit 1; }
  sleep 0.5
done
sed 's/^/work /' /tmp/work
# What was done last has come when this one has.
for _ in $(seq 240); do
  grep -q 'command=cat /etc/shadow' /tmp/alerts && break
  sleep 0.5
done
sleep 5
echo "cost $begun $(taken)"
cp /tmp/alerts /tmp/told # what ends the monitor now is told, too
kill "$monitor"
wait "$monitor"
sed 's/^/alert /' /tmp/told
sed 's/^/log /' /tmp/log
[ -e /tmp/done ]
