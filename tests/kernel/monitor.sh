# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# In a guest of scripts/kernel-test: starts and ends the monitor. Sourced by the scripts that run there; its alerts are in
# /tmp/alerts, its log in /tmp/log, its process in $monitor.

# start_monitor [OPTION...]: returns when it watches.
start_monitor() {
  rm -f /tmp/alerts /tmp/log # what the one before said must not be taken for this one's
  /nezuban/nezuban run --cri-socket none --store memory --metrics none --socket /tmp/run/s --output json "$@" \
    >/tmp/alerts 2>/tmp/log &
  monitor=$!
  until grep -qs watching /tmp/log; do
    kill -0 "$monitor" || { cat /tmp/log; exit 1; }
    sleep 0.5
  done
}

# wait_for_alert TEXT
wait_for_alert() {
  for _ in $(seq 240); do
    grep -q "$1" /tmp/alerts && break
    sleep 0.5
  done
}

# end_monitor PREFIX: prints its alerts behind that word.
end_monitor() {
  kill "$monitor"
  wait "$monitor"
  sed "s/^/$1 /" /tmp/alerts
}

# make_pod NUMBER: its cgroup's directory, by the name that a runtime gives one.
make_pod() {
  cgroup=/sys/fs/cgroup/kubepods/besteffort/pod$1/$(printf '7%.0s' $(seq 64))
  mkdir -p "$cgroup"
  echo "$cgroup"
}
