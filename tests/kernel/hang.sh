#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# For prove_systemd.py, started by systemd: the monitor as it is installed hangs, once all of it, once the thread that takes what the
# kernel saw; and somebody uses the time. What was done, each line with the time, goes to /quiet/work; what the monitor tells of it in
# the end to /quiet/told.
set -u
exec >/quiet/work 2>&1
say() { echo "$(date +%s.%N) $*"; }
pid() { systemctl show -p MainPID --value nezuban; }
give_up() {
  say "failed: $*"
  journalctl -q -o cat -u nezuban
  touch /quiet/done /quiet/told
  exit 1
}

# await_another PID: until systemd has one that watches.
await_another() {
  for _ in $(seq 300); do
    [ "$(pid)" != 0 ] && [ "$(pid)" != "$1" ] && systemctl -q is-active nezuban && return
    sleep 1
  done
  give_up "no other than $1 watches"
}

# ingest_thread PID: the one that waits in ppoll.
ingest_thread() {
  for _ in $(seq 200); do
    for task in "/proc/$1/task/"*; do
      read -r call _ <"$task/syscall"
      [ "$call" = 271 ] && echo "${task##*/}" && return
    done
    sleep 0.1
  done
}

# freeze PID THREAD: that one alone, as threads may have a cgroup of their own below that of their process. It is removed as soon as
# the thread is gone: systemd knows nothing of it.
freeze() {
  group=/sys/fs/cgroup$(cut -d: -f3 "/proc/$1/cgroup")/frozen
  if ! { mkdir "$group" && echo threaded >"$group/cgroup.type" && echo "$2" >"$group/cgroup.threads" &&
    echo 1 >"$group/cgroup.freeze"; }; then
    give_up "cannot freeze $2"
  fi
  (until rmdir "$group" 2>/dev/null; do sleep 0.5; done &)
}

# flood: more processes and opens than the ring buffers hold.
flood() {
  for _ in $(seq 2); do
    while :; do (: </etc/shadow); done &
  done
  sleep 40
  # shellcheck disable=SC2046  # words
  kill $(jobs -p)
}

systemctl daemon-reload
systemctl start nezuban || give_up "it does not start"
first=$(pid)
say "started $first"
cat /etc/shadow >/dev/null
sleep 5
kill -STOP "$first"
say "stopped"
sleep 5
head /etc/shadow >/dev/null
say "unseen"
await_another "$first"
second=$(pid)
say "again $second"
tail /etc/shadow >/dev/null
sleep 5
thread=$(ingest_thread "$second")
[ -n "$thread" ] || give_up "no thread waits for the kernel"
freeze "$second" "$thread"
say "frozen $thread"
sleep 5
wc /etc/shadow >/dev/null
say "unseen-either"
flood
await_another "$second"
say "once-more $(pid)"
systemctl show -p NRestarts nezuban
journalctl -q -o cat -u nezuban | sed 's/^/journal: /'
sort /etc/shadow >/dev/null
nezuban watch --json --from oldest >/quiet/told &
for _ in $(seq 300); do
  grep -q 'command=sort /etc/shadow' /quiet/told && break
  sleep 1
done
touch /quiet/done
