#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary work, under the default rules: what people, package managers, builds and runtimes do all day
must raise no alert of Warning or above but those listed in EXPECTED, each with its reason. Notices are
counted and told.

NEZUBAN_SCALE says how often everything is done (1 in CI).
"""

import os
import pathlib
import shutil
import subprocess
import time
import unittest

from harness import wait_until
from watched import Watched

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
SEVERE = {"Emergency", "Alert", "Critical", "Error", "Warning"}

# Rule, what its output has in it, and why that alert is right.
EXPECTED = [
    ("Node's credentials read by an unexpected program", "file=/etc/shadow command=cat /etc/shadow",
     "an administrator looks at the password hashes with cat: nothing tells him from an intruder"),
]

PROGRAM = """
#include <algorithm>
#include <map>
#include <string>
#include <vector>
int main(int argc, char** argv) {
  std::map<std::string, int> seen;
  for (int i = 0; i < argc; ++i) ++seen[argv[i]];
  return static_cast<int>(seen.size()) - 1;
}
"""

# What a crontab, a timer and a login do on a Debian machine.
ADMINISTRATION = [
    "mkdir -p lists/partial; apt-get update -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null "
    "-o Dir::State::lists=$PWD/lists",
    # A package with a script and a crontab, built, installed and removed below a directory of its own.
    "mkdir -p p/DEBIAN p/etc/cron.d root/var/lib/dpkg/info root/var/lib/dpkg/updates; "
    "touch root/var/lib/dpkg/status; echo '# quiet' >p/etc/cron.d/quiet; "
    "printf '%s\\n' 'Package: quiet' 'Version: 1' 'Architecture: all' 'Maintainer: q <q@q>' 'Description: q' "
    ">p/DEBIAN/control; "
    "printf '#!/bin/sh\\ntrue\\n' >p/DEBIAN/postinst; chmod 755 p/DEBIAN/postinst; dpkg-deb -b p q.deb && "
    "dpkg --root=$PWD/root --log=$PWD/dpkg.log --force-script-chrootless -i q.deb && "
    "dpkg --root=$PWD/root --log=$PWD/dpkg.log -P quiet && rm -r p root",
    "dpkg -V coreutils || true", "apt-cache policy bash", "dpkg-query -W >/dev/null",
    "id; whoami; w || true; last || true", "getent passwd root; getent group root",
    "su nobody -s /bin/sh -c 'id; ls / >/dev/null'", "passwd -S root", "chage -l root",
    # Never without a locked password.
    "useradd -m {user}; usermod -L {user}; userdel -r {user}",
    "ps aux; ps -ef --forest; top -b -n 1 | head; free; df; mount; uptime; dmesg | tail || true",
    "ip addr; ip route; ss -tlnp || true; cat /proc/net/tcp", "sysctl -a 2>/dev/null | wc -l",
    "for p in /proc/[0-9]*; do cat $p/status $p/cmdline $p/stat $p/cgroup; readlink $p/exe $p/cwd; done || true",
    "find /etc -type f | wc -l; find /usr/bin -newer /etc/hostname | wc -l",
    "openssl rand -hex 16; openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=q -keyout k.pem -out c.pem",
    "curl -s http://127.0.0.1:1/ || true; wget -q -O- http://127.0.0.1:1/ || true",
    "python3 -c 'import json, ssl, socket, ctypes, subprocess; subprocess.run([\"true\"])'",
    "perl -e 'print `true`'", "awk 'BEGIN { system(\"true\") }'", "env | sort; locale; date",
    "tar -czf etc.tgz /etc && tar -tzf etc.tgz >/dev/null && mkdir -p x && tar -xzf etc.tgz -C x",
    "rsync -a /etc/ z/; rsync -a --delete /etc/ z/; rm -rf z",
    "mkdir -p l; echo x >l/app.log; "
    "printf '%s\\n' \"$PWD/l/*.log {\" 'su root root' 'rotate 2' compress '}' >l.conf; "
    "chmod 644 l.conf; logrotate -f -s l.state l.conf && echo y >l/app.log && logrotate -f -s l.state l.conf",
    "[ ! -x /etc/cron.daily/dpkg ] || /etc/cron.daily/dpkg; run-parts --test /etc/cron.daily || true",
    "cp -a /etc y; diff -r /etc y || true; rm -rf x y etc.tgz",
    "find /etc -type f -exec md5sum {} + >sums; md5sum -c --quiet sums || true",
    "grep -r nameserver /etc || true", "du -sh /etc /var/log; ls -laR /etc >/dev/null",
    "logger quiet || true; echo quiet >>app.log; mv app.log app.log.1; gzip app.log.1; kill -0 $$",
    "mkfifo pipe; (cat pipe >/dev/null &) ; echo x >pipe; rm pipe",
    "bash -l -c true; sh -c 'ulimit -a' ; nohup true; setsid true; timeout 5 true; nice true",
    "strace -f -o trace true; strace -c ls / >/dev/null", "gdb -batch -ex run --args true",
    "sleep 60 & gdb -batch -p $! -ex detach; kill $!",
    "unshare -m true; unshare -Ur id; nsenter -t 1 -m true; chroot / true",
]

IN_CONTAINERS = [
    "ls -l /; cat /etc/* 2>/dev/null; id; ps 2>/dev/null; echo x >/tmp/f; sleep 0.05",
    "mkdir -p /tmp/a && cp /bin/busybox /tmp/a/data && rm -r /tmp/a; cat /proc/self/status /proc/1/cgroup",
    "for i in 1 2 3 4 5 6 7 8; do (echo $i; true) | cat; done; cat /proc/mounts /proc/meminfo /proc/cpuinfo",
    "nc -w 1 127.0.0.1 1 </dev/null; nc -w 1 127.0.0.1 1 </dev/null; true",
    "trap true TERM; kill -TERM $$; cat /sys/fs/cgroup/cgroup.controllers; echo y >/dev/stdout; echo z >/dev/stderr",
]


class Quiet(Watched):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(cls.tell_cost, cls.cpu_seconds(), time.monotonic())

    @classmethod
    def cpu_seconds(cls):
        stat = pathlib.Path(f"/proc/{cls.daemon.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @classmethod
    def tell_cost(cls, cpu, since):
        used, minutes = cls.cpu_seconds() - cpu, (time.monotonic() - since) / 60
        print(f"\nthe monitor took {used:.1f} s of CPU time in {minutes:.1f} minutes: {used / minutes:.1f} a minute",
              flush=True)

    def setUp(self):
        self.work = self.directory / "work"
        self.work.mkdir(exist_ok=True)
        self.begun = len(self.watch.alerts)
        self.started = time.monotonic()
        self.ours = set()

    def tearDown(self):
        shutil.rmtree(self.work, ignore_errors=True)
        marker = self.wait_for_the_end()
        alerts = [a for a in self.watch.alerts[self.begun:] if self.is_ours(a) and a["origin"] not in marker]
        wrong = [f"{a['priority']} {a['rule']}: {a['output']}" for a in alerts
                 if a["priority"] in SEVERE and not self.is_expected(a)]
        notices = [a["rule"] for a in alerts if a["priority"] not in SEVERE]
        seconds = time.monotonic() - self.started
        told = ", ".join(f"{notices.count(rule)} {rule!r}" for rule in sorted(set(notices)))
        print(f"\n{self.id()}: {len(alerts)} alerts in {seconds:.0f} s, {len(notices)} of them notices"
              + (f": {told}" if told else ""), flush=True)
        self.assertEqual(wrong, [])

    def wait_for_the_end(self):
        """Until an alert came for what happened just now: what comes is behind it. Where so much happens at once
        that the monitor lags or has to leave events out, and says so, that takes more than one attempt."""
        markers = []
        for _ in range(5):
            marker = self.run_privileged("exec 3<>/proc/sys/kernel/core_pattern")
            markers.append(marker.id)
            try:
                self.watch.wait_for(lambda a: a["origin"] in markers, "the marker")
                return markers
            except AssertionError:
                lost = {e["event"]: e["dropped"] for e in self.daemon.status()["events"] if any(e["dropped"].values())}
                print(f"\nno alert for the marker yet; lost so far: {lost}", flush=True)
        raise AssertionError("the monitor does not come to an end")

    def is_ours(self, alert):
        """Of one whose ancestors are not known up to the first, nobody can say that it is not."""
        pids = [p["pid"] for p in alert["ancestors"]]
        return (alert["origin"] in self.ours or alert["container_id"] in self.ours or os.getpid() in pids
                or pids[-1:] != [1])

    @staticmethod
    def is_expected(alert):
        return any(alert["rule"] == rule and what in alert["output"] for rule, what, _ in EXPECTED)

    def run_all(self, *commands):
        """What does not come about is quiet, too: all must succeed."""
        failed = []
        for command in commands:
            done = subprocess.run(["bash", "-c", command], cwd=self.work, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300,
                                  env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
            if done.returncode != 0:
                failed.append((command, done.returncode, done.stderr.decode(errors="replace")[-500:]))
        self.assertEqual(failed, [])

    def test_administration(self):
        for n in range(SCALE):
            user = f"quiet-{os.getpid()}-{n}"
            self.addCleanup(subprocess.run, ["userdel", "-rf", user], stderr=subprocess.DEVNULL)
            self.run_all(*(command.replace("{user}", user) for command in ADMINISTRATION))

    def test_building(self):
        (self.work / "a.cc").write_text(PROGRAM)
        for n in range(SCALE):
            self.run_all(f"mkdir b{n}; cd b{n}; g++ -O1 -o a ../a.cc && ./a && ar rc liba.a ../a.cc && strip a",
                         f"git init -q g{n}; cd g{n}; cp ../a.cc .; git add .; git -c user.name=q -c user.email=q@q "
                         "commit -qm q; git log; git gc -q; git clone -q . ../c; git -C ../c pull -q; rm -rf ../c",
                         "printf 'all: a\\na: a.cc\\n\\tg++ -o a a.cc\\nclean:\\n\\trm a\\n' >Makefile; make; make clean")

    def test_containers(self):
        for _ in range(4 * SCALE):
            for command in IN_CONTAINERS:
                container = self.container("/bin/sh", "-c", command)
                self.ours.add(container.id)
                code, printed = container.finish()
                self.assertIn(code, (0, 143), printed)
        pod = self.container("/bin/sleep", "3600")
        self.ours.add(pod.id)
        wait_until(lambda: pod.exec("/bin/true").returncode == 0, "the pod")
        for _ in range(5 * SCALE):  # probes
            pod.exec("/bin/sh", "-c", "cat /proc/uptime; test -e /tmp")

    def test_an_administrator_at_the_password_hashes(self):
        self.run_all("cat /etc/shadow")
        self.watch.wait_for(lambda a: self.is_ours(a) and self.is_expected(a), EXPECTED[0][0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
