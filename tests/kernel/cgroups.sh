#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: containers where cgroup v1 hierarchies are mounted besides v2, then where there
# are no others. Prints the alerts as "PART {JSON}"; test_cgroups.py judges them.
export PATH=/bin
id=$(printf '7%.0s' $(seq 64))
v1=/tmp/v1 v2=/sys/fs/cgroup
mkdir $v1 && mount -t cgroup -o none,name=systemd none $v1 || exit 1

# shellcheck source=tests/kernel/monitor.sh
. /nezuban/monitor.sh
start() {
  start_monitor --rules /nezuban/rules.yaml
}

# end PART
end() {
  busybox true mark-end
  wait_for_alert 'true mark-end'
  end_monitor "$1"
  grep -E ' (warning|error) ' /tmp/log # all of it is more than a serial line takes before the guest ends
}

# in_cgroups DIRECTORIES COMMAND: as runtimes do, the cgroups first.
in_cgroups() {
  sh -c "for one in $1; do echo \$\$ >\$one/cgroup.procs; done; exec $2"
}

start
# The same number in both hierarchies, in v1 of a container that nobody started.
mkdir "$v1/docker"
rest=$(printf '8%.0s' $(seq 61))
for n in $(seq 100 299); do
  mkdir "$v1/docker/$n$rest"
done
for n in $(seq 100 119); do
  pod=kubepods/besteffort/pod$n/$id
  mkdir -p "$v2/$pod"
  false=$(find "$v1/docker" -mindepth 1 -inum "$(stat -c %i "$v2/$pod")" -type d)
  [ -n "$false" ] && echo collides && break
done
in_cgroups "$false" "busybox true mark-host"
in_cgroups "$false $v2/$pod" "busybox true mark-container"
end hybrid

umount $v2 || exit 1
mkdir -p "$v1/$pod"
mkfifo /tmp/go
in_cgroups "$v1/$pod" "sh -c 'read x </tmp/go; busybox true mark-early'" &
early=$!
sleep 1
start
echo >/tmp/go
wait $early
in_cgroups "$v1/$pod" "sh -c 'sleep 2; exec busybox true mark-first'"
in_cgroups "$v1/$pod" "sh -c 'sleep 2; busybox true mark-child; :'"
in_cgroups "$v1/$pod" "sh -c 'sleep 2; echo \$\$ >$v1/cgroup.procs; exec sh -c \"sleep 2; busybox true mark-escaped; :\"'"
busybox true mark-host
end v1
