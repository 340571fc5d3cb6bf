#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest of scripts/kernel-test: the acts of tests/e2e/evasions.py in a container, beside the monitor with the
# sensors that its argument says. Prints the alerts as "alert JSON"; test_evasion.py judges them.
export PATH=/bin
# shellcheck source=tests/kernel/monitor.sh
. /nezuban/monitor.sh
mkdir /tmp/node
echo secret >/tmp/node/secret-a
echo decoy >/tmp/node/secret-b
ln -s secret-a /tmp/node/soft
ln /tmp/node/secret-a /tmp/node/hard
sed -i "s/INODE/$(stat -c %i /tmp/node/secret-a)/" /nezuban/evasion.yaml
start_monitor --sensors "$1" --rules /nezuban/rules --rules /nezuban/evasion.yaml
for port in 7001 7002 $(seq 7010 7019); do
  /container/bin/evade serve "$port" &
done

pod=$(make_pod 1)
mkdir -p /container/node /container/proc /container/sys /container/dev /container/tmp
busybox --install -s /container/bin
# in_container COMMAND...: as runtimes do, the cgroup first.
in_container() {
  # shellcheck disable=SC2016  # words of the inner shell
  unshare -m sh -c 'echo $$ >"$0/cgroup.procs"
    mount -o bind /tmp/node /container/node
    mount -o rbind /proc /container/proc && mount -o rbind /dev /container/dev
    exec chroot /container "$@"' "$pod" "$@"
}
in_container /bin/sh /ways.sh
in_container /bin/sh /shells.sh
in_container /bin/evade open /node/../node/../node/secret-a
wait_for_alert 'evade open /node/../node/../node/secret-a'
end_monitor alert
/nezuban/nezuban doctor --sensors "$1" | sed 's/^/doctor /'
