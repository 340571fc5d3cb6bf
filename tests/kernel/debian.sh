# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
# In a guest of scripts/kernel-test: sourced by the scripts that have a Debian with its systemd below them.

# boot_debian: /debian, as its root where it would be if it had booted, and as the first process of a machine; /init stays that of the
# guest. Its /quiet is our /tmp. $systemd is the process.
boot_debian() {
  mount --make-rprivate / # or nothing can be moved
  mount --bind /debian /debian
  mkdir -p /debian/quiet
  mount --bind /tmp /debian/quiet
  unshare -p -f sh -c 'cd /debian && mount --move . / && exec chroot . /lib/systemd/systemd --system --log-target=console --log-level=notice' \
    </dev/null &
  systemd=$!
}

# wait_for_work PROCESS...: until what runs in it has made /quiet/done. Fails where one of the processes ends before.
wait_for_work() {
  for _ in $(seq 3600); do
    [ -e /tmp/done ] && return 0
    for process in "$@"; do
      kill -0 "$process" || return 1
    done
    sleep 0.5
  done
  return 1
}
