#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What systemd does on a node all day, for prove_systemd.py: started by it as a service. The last act is one that is told.
set -u
exec >/quiet/work 2>&1
failed() { echo "failed: $*"; }
run() { "$@" || failed "$@"; }

run systemctl daemon-reload
run systemctl -q enable --now tick.timer echo.socket
run systemctl start crash.service

for round in $(seq "${ROUNDS:-1}"); do
  for service in cron rsyslog systemd-journald systemd-logind dbus; do
    run systemctl restart "$service"
    run systemctl -q is-active "$service"
  done
  run systemctl reload dbus
  run systemctl kill -s HUP rsyslog
  run systemctl kill -s KILL crash.service
  for job in logrotate systemd-tmpfiles-clean apt-daily dpkg-db-backup systemd-sysusers systemd-tmpfiles-setup; do
    systemctl start "$job" || case $job in apt-daily) ;; *) failed "$job" ;; esac
  done
  run perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new("/run/echo.sock") or die; $s->print("x\n"); shutdown($s, 1);
    <$s> eq "x\n" or die'
  logger "round $round"
  run systemd-run -q --wait -p DynamicUser=yes -p PrivateNetwork=yes -p ProtectHome=yes /bin/true
  run systemd-run -q --scope /bin/true
  run runuser -u nobody -- id
  journalctl -q -n 5 >/dev/null || failed journalctl
  systemctl list-units >/dev/null || failed list-units
  run systemctl -q disable --now tick.timer
  run systemctl -q enable --now tick.timer
  run systemctl daemon-reexec
  sleep 1
done
for _ in $(seq 100); do
  [ -s /var/lib/private/tick/last ] && break
  sleep 1
done
[ -s /var/lib/private/tick/last ] || failed "the timer"
[ "$(systemctl show -p NRestarts --value crash.service)" -gt 0 ] || failed "the restart of what ended"
systemctl --failed --no-legend
echo "rounds: ${ROUNDS:-1}, restarts: $(systemctl show -p NRestarts --value crash.service)"
cat /etc/shadow >/dev/null
touch /quiet/done
