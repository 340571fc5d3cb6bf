#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a kernel in qemu, where a Debian of its own has its services started by systemd. Never on the machine's own files.

Ordinary work of a service manager, under the default rules: services started, restarted, killed and reloaded, with timers, sockets
and users made for them (work.sh). No alert of Warning or above may come, but the one for the act at the end.

The monitor as such a service: when it hangs, the watchdog has it started again, and it tells of the time meanwhile (hang.sh).

usage: prove_systemd.py NEZUBAN [KERNEL]; NEZUBAN_SCALE says how often everything is done.
"""

import os
import shutil
import subprocess
import sys
import unittest

from guest import HERE, ROOT, alerts, boot, put_rules, put_with_libraries, tree_with

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from times import seconds  # noqa: E402

SEVERE = {"Emergency", "Alert", "Critical", "Error", "Warning"}
PACKAGES = "systemd,systemd-sysv,dbus,cron,logrotate,procps,rsyslog"
READ = "Node's credentials read by an unexpected program"
LAST = (READ, "command=cat /etc/shadow")
WATCHDOG_SECONDS = 60  # of deploy/nezuban.service

# As packages bring them.
UNITS = {
    "tick.service": """
[Service]
Type=oneshot
DynamicUser=yes
StateDirectory=tick
PrivateTmp=yes
ProtectSystem=strict
ExecStart=/bin/sh -c 'date >/var/lib/tick/last; id; sleep 0.1'
""",
    "tick.timer": """
[Timer]
OnActiveSec=1s
OnUnitInactiveSec=1s
AccuracySec=100ms
[Install]
WantedBy=timers.target
""",
    "crash.service": """
[Service]
ExecStart=/bin/sleep 2
Restart=always
RestartSec=200ms
""",
    "echo.socket": """
[Socket]
ListenStream=/run/echo.sock
Accept=yes
[Install]
WantedBy=sockets.target
""",
    "echo@.service": """
[Service]
ExecStart=/bin/cat
StandardInput=socket
""",
}


WORK = """
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=ROUNDS={rounds}
ExecStart=/{script}
"""


def make_debian(where, script):
    """Which runs that script once it has booted. Its packages are fetched once, and lie in build/ then."""
    base = ROOT / "build" / "systemd.tar"
    if not base.exists():
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", *left_out, "bookworm",
                        base.with_suffix(".new.tar")], check=True)
        base.with_suffix(".new.tar").rename(base)
    where.mkdir()
    subprocess.run(["tar", "-C", where, "-xf", base], check=True)
    for name in ("var/lib/apt/lists", "var/cache/apt", "boot"):
        shutil.rmtree(where / name, ignore_errors=True)
    shutil.copy(HERE / script, where / script)
    units = where / "etc" / "systemd" / "system"
    work = WORK.format(rounds=os.environ.get("NEZUBAN_SCALE", "1"), script=script)
    for name, text in {**UNITS, "work.service": work}.items():
        (units / name).write_text(text)
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    (units / "serial-getty@ttyS0.service").symlink_to("/dev/null")  # without udev, it is waited for
    wanted = units / "default.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "work.service").symlink_to("../work.service")


def install_monitor(debian, nezuban):
    """As its package has it, with no more rules than it takes: under emulation it is the sensors' loading that takes time, for which
    it is given more than systemd gives. Its ring buffers are small, so that they can be filled."""
    put_with_libraries(nezuban, debian)
    (debian / "nezuban" / "nezuban").rename(debian / "usr" / "bin" / "nezuban")
    put_rules(debian / "usr" / "share" / "nezuban" / "rules" / "default", "00-common.yaml", "node_credentials.yaml")
    (debian / "etc" / "nezuban" / "rules.d").mkdir(parents=True)
    config = (ROOT / "deploy" / "nezuban.yaml").read_text()
    (debian / "etc" / "nezuban" / "nezuban.yaml").write_text(config + "vital_ring_bytes: 262144\nbulk_ring_bytes: 262144\n")
    shutil.copy(ROOT / "deploy" / "nezuban.service", debian / "lib" / "systemd" / "system")
    slow = debian / "etc" / "systemd" / "system" / "nezuban.service.d" / "slow.conf"
    slow.parent.mkdir()
    slow.write_text("[Service]\nTimeoutStartSec=900\n")


class Systemd(unittest.TestCase):
    nezuban, kernel = None, "6.1"

    def boot(self, script, work, put):
        """What the guest's script printed, below which systemd has that work done."""
        with tree_with(self.nezuban) as tree:
            (tree / "etc").mkdir(exist_ok=True)
            (tree / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
            (tree / "etc" / "group").write_text("root:x:0:\n")
            shutil.copy(HERE / "debian.sh", tree / "nezuban")
            make_debian(tree / "debian", work)
            put(tree)
            return boot(self.kernel, tree, script, timeout_s=2400)

    def test_services_that_restart(self):
        printed = self.boot("services.sh", "work.sh", lambda tree: put_rules(tree / "nezuban" / "rules"))
        lines = printed.splitlines()
        last = [a for a in alerts(printed) if a["rule"] == LAST[0] and LAST[1] in a["output"]]
        self.assertEqual(len(last), 1, printed)
        self.assertIn("work rounds: ", printed)
        self.assertNotIn("work failed: ", printed)
        told = [f"{a['priority']} {a['rule']}: {a['output']}" for a in alerts(printed) if a not in last]
        taken = [float(word) for word in next(line.split()[1:] for line in lines if line.startswith("cost "))]
        minutes, cpu_seconds = (taken[3] - taken[0]) / 60, (sum(taken[4:]) - sum(taken[1:3])) / 100
        print("\n" + "\n".join(line for line in lines if line.startswith("work ")))
        print(f"{minutes:.1f} minutes of the guest (emulated); the monitor took {cpu_seconds:.1f} s of CPU time; alerts: {len(told)}"
              + "".join("\n  " + output for output in told), flush=True)
        self.assertEqual([output for output in told if output.split()[0] in SEVERE], [])

    def test_a_monitor_that_hangs_is_started_again(self):
        printed = self.boot("hung.sh", "hang.sh", lambda tree: install_monitor(tree / "debian", self.nezuban))
        self.assertNotIn("failed: ", printed, printed)
        lines = [line.split() for line in printed.splitlines()]
        done = {words[2]: float(words[1]) for words in lines if words[:1] == ["work"] and words[2:] and words[1][0].isdigit()}
        told = alerts(printed, "told")
        commands = [a["output"].partition("command=")[2].split()[0] for a in told if a.get("rule") == READ]
        for seen in "cat", "tail", "sort":
            self.assertIn(seen, commands, printed)
        for unseen in "head", "wc":
            self.assertNotIn(unseen, commands, "it had been stopped")
        self.assertIn("work NRestarts=2", printed)
        self.assertEqual(printed.count("Watchdog timeout"), 2, printed)
        self.assertEqual([a["priority"] for a in told if a.get("rule") == "Monitor was cut off"], ["Critical"] * 2, printed)
        gaps = [line["gap"] for line in told if "gap" in line and line["gap"]["reason"] == "the monitor was not running"]
        for begin, act, end in ("stopped", "unseen", "again"), ("frozen", "unseen-either", "once-more"):
            blind = [g for g in gaps if seconds(g["first_time"]) <= done[begin] and done[act] <= seconds(g["last_time"])]
            self.assertTrue(blind, f"nothing tells of what was {begin}: {gaps}\n{printed}")
            took = done[end] - done[begin]
            self.assertGreater(took, WATCHDOG_SECONDS / 2)
            print(f"\n{begin}: another watches after {took:.0f} s of the guest (emulated); told as a gap: {blind[0]['first_time']} "
                  f"to {blind[0]['last_time']}", flush=True)


if __name__ == "__main__":
    Systemd.nezuban, *kernels = sys.argv[1:]
    Systemd.kernel = (kernels or ["6.1"])[0]
    unittest.main(argv=sys.argv[:1], verbosity=2)
