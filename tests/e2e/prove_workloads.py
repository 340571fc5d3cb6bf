#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary work of containers, under the default rules: a database and a web server under load, with probes and
backups. What may be told of it is in quiet.py. Too long for CI: scripts/prove runs it, NEZUBAN_SCALE says how often
everything is done.
"""

import os
import pwd
import unittest
import urllib.request

from harness import wait_until
from prove_services import NGINX, free_port
from quiet import SCALE, Quiet

# The node's programs are the image.
# Without the last initdb reads all time zones there are to find its own.
IMAGE = {path: path for path in ("/usr", "/lib", "/lib64", "/etc/passwd", "/etc/group", "/etc/localtime")}

POSTGRES = "/usr/lib/postgresql/15/bin"


class Workloads(Quiet):
    def serve(self, *command, user, mounts):
        container = self.container(*command, user=user, mounts=mounts, ro=IMAGE)
        self.ours.add(container.id)
        return container

    def all_succeed(self, container, *commands):
        for command in commands:
            done = container.exec(*command)
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")

    def directory_of(self, user, name):
        place = self.work / name
        place.mkdir()
        os.chmod(self.directory, 0o755)
        os.chown(place, user, user)
        return place

    def test_a_database_in_a_container(self):
        user = pwd.getpwnam("postgres").pw_uid
        data = self.directory_of(user, "pgdata")
        start = (f"{POSTGRES}/initdb -D /var/lib/postgresql/data >/dev/null && "
                 f"exec {POSTGRES}/postgres -D /var/lib/postgresql/data -k /var/lib/postgresql -c listen_addresses=")
        container = self.serve("/bin/sh", "-c", start, user=user, mounts={"/var/lib/postgresql": data})

        def client(name, *arguments):
            return [f"{POSTGRES}/{name}", "-h", "/var/lib/postgresql", *arguments]

        wait_until(lambda: container.exec(*client("pg_isready", "-q")).returncode == 0, "the database", timeout=120)
        self.all_succeed(container, client("createdb", "quiet"), client("pgbench", "-q", "-i", "-s", "2", "quiet"))
        for _ in range(SCALE):
            self.all_succeed(
                container, client("pgbench", "-n", "-c", "4", "-T", "3", "quiet"), client("pg_isready", "-q"),
                ["/bin/sh", "-c", f"{POSTGRES}/pg_dump -h /var/lib/postgresql quiet | gzip >/var/lib/postgresql/dump.gz"],
                client("psql", "-qc", "vacuum analyze", "quiet"))
        self.all_succeed(container, [f"{POSTGRES}/pg_ctl", "-D", "/var/lib/postgresql/data", "-m", "fast", "stop", "-W"])
        self.assertEqual(container.finish()[0], 0)

    def test_a_web_server_in_a_container(self):
        user = pwd.getpwnam("www-data").pw_uid
        place, port = self.directory_of(user, "web"), free_port()
        (place / "www").mkdir()
        (place / "www" / "index.html").write_text("quiet\n" * 100)
        (place / "nginx.conf").write_text(NGINX.format(work="/srv", port=port))
        container = self.serve("/usr/sbin/nginx", "-e", "/srv/error.log", "-c", "/srv/nginx.conf", user=user,
                               mounts={"/srv": place})
        url = f"http://127.0.0.1:{port}/"

        def fetch(where=url):
            try:
                return urllib.request.urlopen(where, timeout=10).read()
            except OSError:
                return None

        wait_until(fetch, "nginx")
        for _ in range(SCALE):
            for number in range(300):
                self.assertTrue(fetch(url + "p" if number % 3 == 0 else url))
            self.all_succeed(container, ["/usr/bin/curl", "-sfo", "/dev/null", url], ["/bin/sh", "-c", "cat /proc/loadavg"],
                             ["/usr/sbin/nginx", "-e", "/srv/error.log", "-c", "/srv/nginx.conf", "-s", "reload"])
        self.all_succeed(container, ["/usr/sbin/nginx", "-e", "/srv/error.log", "-c", "/srv/nginx.conf", "-s", "quit"])
        self.assertEqual(container.finish()[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
