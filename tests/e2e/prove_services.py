#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary work of services, under the default rules: logins over ssh, cron's jobs, a database and a web server
under load, backups, packages installed and removed, images built, an agent that reads /proc. What may be told of
it is in quiet.py.

Too long, and in need of too many packages, for CI: scripts/prove runs it. NEZUBAN_SCALE says how often everything
is done. No systemd runs where this was written: services are started by hand here.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import time
import unittest
import urllib.request

from harness import Listener, wait_until
from quiet import SCALE, Quiet

CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(quiet CXX)
enable_testing()
add_library(a STATIC a.cc)
add_executable(b b.cc)
target_link_libraries(b a)
add_test(NAME b COMMAND b)
"""

NGINX = """
daemon off; worker_processes 2; pid {work}/nginx.pid; error_log {work}/error.log;
events {{ worker_connections 256; }}
http {{ access_log {work}/access.log; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  server {{ listen 127.0.0.1:{port}; root {work}/www; location /p {{ proxy_pass http://127.0.0.1:{port}/; }} }} }}
"""

# Reads what monitoring agents read, of every process, each second.
AGENT = """
import os, sys, time
for _ in range(int(sys.argv[1])):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("stat", "status", "cmdline", "io", "cgroup", "limits", "smaps_rollup", "environ", "maps", "oom_score"):
            try: open(f"/proc/{pid}/{name}", "rb").read()
            except OSError: pass
        try: [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError: pass
    for name in ("stat", "meminfo", "net/dev", "net/tcp", "diskstats", "mounts", "loadavg", "vmstat", "kallsyms"):
        open(f"/proc/{name}", "rb").read()
    os.statvfs("/"); time.sleep(0.5)
"""

# Everything in it comes from the node, so that nothing has to be fetched.
DOCKERFILE = """
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc/cron.d /etc/systemd/system /usr/bin && echo x >/etc/cron.d/job && echo x >/etc/systemd/system/a.service
RUN echo root:x:0:0:root:/root:/bin/sh >/etc/passwd && echo 'root:*:::::::' >/etc/shadow && cat /etc/shadow
RUN mkdir -p /root/.ssh /etc/nezuban && echo key >/root/.ssh/authorized_keys && echo x >/etc/nezuban/nezuban.yaml
USER 65534
CMD ["/bin/sh"]
"""

# A service with a unit, a job of cron's and an account, in two versions; one that Debian's own tools put together.
PACKAGE = """
set -e
for version in 1 2; do
  mkdir -p p/DEBIAN p/etc/cron.d p/lib/systemd/system p/usr/bin
  printf '%s\\n' 'Package: nezuban-quiet' "Version: $version" 'Architecture: all' 'Maintainer: q <q@q>' 'Description: q' >p/DEBIAN/control
  echo "# $version" >p/etc/cron.d/nezuban-quiet
  printf '%s\\n' '[Service]' 'ExecStart=/usr/bin/nezuban-quiet' '[Install]' 'WantedBy=multi-user.target' \
    >p/lib/systemd/system/nezuban-quiet.service
  printf '#!/bin/sh\\necho %s\\n' "$version" >p/usr/bin/nezuban-quiet
  echo /etc/cron.d/nezuban-quiet >p/DEBIAN/conffiles
  printf '#!/bin/sh\\nset -e\\ngetent passwd nezuban-quiet >/dev/null || useradd -r nezuban-quiet\\n%s\\n' \
    'deb-systemd-helper enable nezuban-quiet.service >/dev/null; nezuban-quiet >/dev/null' >p/DEBIAN/postinst
  printf '#!/bin/sh\\nset -e\\n[ "$1" != purge ] || { userdel nezuban-quiet; deb-systemd-helper purge nezuban-quiet.service; }\\n' >p/DEBIAN/postrm
  chmod 755 p/DEBIAN/post* p/usr/bin/nezuban-quiet
  dpkg-deb -b p "r/nezuban-quiet_$version.deb" >/dev/null
  rm -r p
done
(cd r && dpkg-scanpackages -m . >Packages)
echo "deb [trusted=yes] file:$PWD/r ./" >list
mkdir -p lists/partial
"""


def free_port():
    listener = Listener()
    listener.close()
    return listener.port


class Services(Quiet):
    def serve(self, *command, **options):
        """Something that runs until the end of the test."""
        log = open(self.work / f"log-{time.monotonic_ns()}", "w+b")
        self.addCleanup(log.close)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.work, **options)

        def end():
            process.terminate()
            process.wait(timeout=60)

        self.addCleanup(end)
        return process, end

    def test_logins_over_ssh(self):
        made = not pathlib.Path("/run/sshd").exists()
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        if made:
            self.addCleanup(os.rmdir, "/run/sshd")
        self.run_all("ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f key; cp key.pub allowed")
        port = free_port()
        _, end = self.serve("/usr/sbin/sshd", "-D", "-e", "-p", str(port), "-h", self.work / "host", "-f", "/dev/null",
                              "-o", f"AuthorizedKeysFile={self.work}/allowed", "-o", "StrictModes=no",
                              "-o", "UsePAM=yes", "-o", "Subsystem=sftp /usr/lib/openssh/sftp-server")
        options = (f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={self.work}/known -o LogLevel=ERROR "
                   f"-i {self.work}/key")
        ssh = f"ssh -p {port} {options} root@127.0.0.1"
        wait_until(lambda: subprocess.run(["bash", "-c", f"{ssh} true"], stderr=subprocess.DEVNULL).returncode == 0, "sshd")
        self.run_all("git init -q --bare bare.git; git init -q w; cd w; echo x >f; git add .; "
                     "git -c user.name=q -c user.email=q@q commit -qm q")
        for n in range(SCALE):
            self.run_all(f"{ssh} 'id; ls /root >/dev/null; uptime'", f"{ssh} -tt 'bash -lc \"echo $SHELL; exit\"'",
                         f"echo 'ls -l /etc' | {ssh} bash", f"scp -q -P {port} {options} f-{n} root@127.0.0.1:{self.work}/g "
                         f"|| (echo x >f-{n}; scp -q -P {port} {options} f-{n} root@127.0.0.1:{self.work}/g)",
                         f"echo ls | sftp -q -P {port} {options} root@127.0.0.1", f"tar -c /etc/apt | {ssh} 'tar -t >/dev/null'",
                         f"rsync -a -e 'ssh -p {port} {options}' /etc/apt root@127.0.0.1:{self.work}/r",
                         f"cd w; GIT_SSH_COMMAND='ssh -p {port} {options}' git push -q ssh://root@127.0.0.1/{self.work}/bare.git "
                         f"HEAD:refs/heads/m{n}; GIT_SSH_COMMAND='ssh -p {port} {options}' "
                         f"git ls-remote ssh://root@127.0.0.1/{self.work}/bare.git")
        end()

    def test_jobs_of_cron(self):
        before = subprocess.run(["crontab", "-l"], capture_output=True, text=True)
        self.addCleanup(subprocess.run, ["crontab", "-r"] if before.returncode else ["crontab", "-"],
                        input=before.stdout, text=True)
        (self.work / "table").write_text(f"* * * * * (id; df; cat /etc/hostname; date) >{self.work}/ran 2>&1\n"
                                         "* * * * * cd / && run-parts --test /etc/cron.hourly\n")
        self.run_all("crontab table; crontab -l")
        _, end = self.serve("/usr/sbin/cron", "-f")
        wait_until((self.work / "ran").exists, "cron to run a job", timeout=150)
        time.sleep(60 * min(SCALE - 1, 3))
        end()

    def test_a_database_under_load(self):
        """The cluster of Debian's package, at its own place."""
        self.addCleanup(subprocess.run, ["pg_ctlcluster", "15", "main", "stop", "-m", "fast"], capture_output=True)
        su = "su postgres -s /bin/sh -c"
        self.run_all("pg_ctlcluster 15 main start", f"cd /; {su} 'psql -qc \"create database quiet\"'",
                     f"cd /; {su} '/usr/lib/postgresql/15/bin/pgbench -q -i -s 2 quiet'")
        for _ in range(SCALE):
            self.run_all(f"cd /; {su} '/usr/lib/postgresql/15/bin/pgbench -n -c 4 -T 3 quiet'",
                         f"cd /; {su} 'pg_dump quiet | gzip >/dev/null; psql -c \"vacuum analyze\" quiet; "
                         "psql -c \"copy pgbench_branches to stdout\" quiet; pg_dumpall --globals-only'")
        self.run_all("pg_ctlcluster 15 main reload", "tar -czf pg.tgz /var/lib/postgresql; rsync -a /var/lib/postgresql/ pg/; rm -rf pg*",
                     f"cd /; {su} 'dropdb quiet'", "pg_ctlcluster 15 main restart; pg_ctlcluster 15 main stop -m fast")

    def test_a_web_server_under_load(self):
        (self.work / "www").mkdir()
        (self.work / "www" / "index.html").write_text("quiet\n" * 100)
        user = pwd.getpwnam("www-data")
        os.chown(self.work, user.pw_uid, user.pw_gid)
        os.chmod(self.directory, 0o755)
        port = free_port()
        (self.work / "nginx.conf").write_text(NGINX.format(work=self.work, port=port))
        process, end = self.serve("/usr/sbin/nginx", "-c", self.work / "nginx.conf")
        url = f"http://127.0.0.1:{port}/"

        def fetch(where=url):
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(where, timeout=10).read()

        wait_until(fetch, "nginx")
        for _ in range(SCALE):
            for number in range(300):
                self.assertTrue(fetch(url + "p" if number % 3 == 0 else url))
            self.run_all(f"for i in 1 2 3 4 5; do curl -s {url} >/dev/null; wget -q -O- {url} >/dev/null; done",
                         f"mv access.log access.log.1; kill -USR1 $(cat nginx.pid); kill -HUP $(cat nginx.pid); gzip access.log.1")
            (self.work / "access.log.1.gz").unlink()
        end()
        self.assertEqual(process.returncode, 0)

    def test_packages(self):
        """Out of the archives, with their scripts and triggers, into the real root."""
        apt = "apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root"
        for _ in range(min(SCALE, 3)):
            self.run_all(f"{apt} install -y --no-install-recommends hello cowsay", f"{apt} install -y --reinstall hello cron",
                         f"{apt} purge -y hello cowsay", f"{apt} -s upgrade; {apt} -s dist-upgrade")

    def test_upgrades(self):
        """For real, of all that a repository of this test's own has newer: nothing else is touched."""
        (self.work / "r").mkdir()
        self.run_all(PACKAGE)
        apt = ("apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=$PWD/list "
               "-o Dir::Etc::sourceparts=- -o Dir::State::lists=$PWD/lists")
        self.addCleanup(subprocess.run, ["dpkg", "--purge", "nezuban-quiet"], capture_output=True)
        for _ in range(min(SCALE, 3)):
            self.run_all(f"{apt} update && {apt} install -y nezuban-quiet=1 && [ $(nezuban-quiet) = 1 ]",
                         f"{apt} upgrade -y && [ $(nezuban-quiet) = 2 ] && grep 2 /etc/cron.d/nezuban-quiet",
                         f"{apt} purge -y nezuban-quiet")

    def test_images(self):
        shutil.copy("/bin/busybox", self.work / "busybox")
        (self.work / "Dockerfile").write_text(DOCKERFILE)
        build = "buildah --root $PWD/s --runroot $PWD/r --storage-driver vfs"
        for n in range(SCALE):
            self.run_all(f"{build} bud -q --isolation chroot -t quiet:{n} .",
                         f"{build} push -q quiet:{n} oci-archive:$PWD/i.tar; {build} pull -q oci-archive:$PWD/i.tar; rm i.tar",
                         f"c=$({build} from quiet:{n}); {build} run --isolation chroot $c -- /bin/ls /bin >/dev/null; {build} rm $c")
        self.run_all(f"{build} rmi -a -f")

    def test_a_project_with_cmake(self):
        (self.work / "CMakeLists.txt").write_text(CMAKE)
        (self.work / "a.cc").write_text("#include <string>\nstd::string a() { return \"a\"; }\n")
        (self.work / "b.cc").write_text("#include <string>\nstd::string a();\nint main() { return a() == \"a\" ? 0 : 1; }\n")
        for _ in range(SCALE):
            self.run_all("cmake -G Ninja -B b . && cmake --build b && ctest --test-dir b && rm -rf b")

    def test_an_agent_that_reads_proc(self):
        (self.work / "agent.py").write_text(AGENT)
        self.run_all(f"python3 agent.py {3 * SCALE}")

    def test_backups(self):
        for _ in range(SCALE):
            self.run_all("tar -czf b.tgz /etc /root/.ssh /root/.bashrc /var/log /var/lib/dpkg 2>/dev/null || true; tar -tzf b.tgz >/dev/null; rm b.tgz",
                         "rsync -a /etc /var/log b; rsync -a --delete /etc /var/log b; rm -rf b")


if __name__ == "__main__":
    unittest.main(verbosity=2)
