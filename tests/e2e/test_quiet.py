#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary work, under the default rules: what people, package managers, builds and runtimes do all day
must raise no alert of Warning or above but those that quiet.py lists. Services, logins and image builds are
in prove_services.py.

NEZUBAN_SCALE says how often everything is done (1 in CI).
"""

import os
import subprocess
import unittest

from harness import wait_until
from quiet import EXPECTED, SCALE, Quiet

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


class Work(Quiet):
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
