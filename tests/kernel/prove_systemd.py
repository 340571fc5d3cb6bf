#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary work of a service manager, under the default rules: boots a kernel in qemu, where a Debian of its own has its
services started, restarted, killed and reloaded by systemd, with timers, sockets and users made for them (work.sh).
No alert of Warning or above may come, but the one for the act at the end. Never on the machine's own files.

usage: prove_systemd.py NEZUBAN [KERNEL]; NEZUBAN_SCALE says how often everything is done.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from guest import ROOT, put_with_libraries

SEVERE = {"Emergency", "Alert", "Critical", "Error", "Warning"}
PACKAGES = "systemd,systemd-sysv,dbus,cron,logrotate,procps,rsyslog"
LAST = ("Node's credentials read by an unexpected program", "command=cat /etc/shadow")

# As packages bring them.
UNITS = {
    "work.service": """
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=ROUNDS={rounds}
ExecStart=/work.sh
""",
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


def make_debian(where):
    """Its packages are fetched once, and lie in build/ then."""
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
    shutil.copy(ROOT / "tests" / "kernel" / "work.sh", where / "work.sh")
    units = where / "etc" / "systemd" / "system"
    for name, text in UNITS.items():
        (units / name).write_text(text.replace("{rounds}", os.environ.get("NEZUBAN_SCALE", "1")))
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    (units / "serial-getty@ttyS0.service").symlink_to("/dev/null")  # without udev, it is waited for
    wanted = units / "default.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "work.service").symlink_to("../work.service")


class Systemd(unittest.TestCase):
    nezuban, kernel = None, "6.1"

    def boot(self):
        with tempfile.TemporaryDirectory(prefix="nezuban-guest-") as name:
            tree = pathlib.Path(name)
            tree.chmod(0o755)
            put_with_libraries(self.nezuban, tree)
            shutil.copytree(ROOT / "rules" / "default", tree / "nezuban" / "rules", ignore=shutil.ignore_patterns("*.test.yaml"))
            (tree / "etc").mkdir(exist_ok=True)
            (tree / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
            (tree / "etc" / "group").write_text("root:x:0:\n")
            make_debian(tree / "debian")
            run = subprocess.run(
                [ROOT / "scripts" / "kernel-test", "--kernel", self.kernel, "--timeout", "2400", "--tree", tree, "--",
                 ROOT / "tests" / "kernel" / "services.sh"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
        self.assertEqual(run.returncode, 0, run.stdout)
        return run.stdout.splitlines()

    def test_services_that_restart(self):
        lines = self.boot()
        printed = "\n".join(lines)
        alerts = [json.loads(line[6:]) for line in lines if line.startswith("alert {")]
        last = [a for a in alerts if a["rule"] == LAST[0] and LAST[1] in a["output"]]
        self.assertEqual(len(last), 1, printed)
        self.assertIn("work rounds: ", printed)
        self.assertNotIn("work failed: ", printed)
        told = [f"{a['priority']} {a['rule']}: {a['output']}" for a in alerts if a not in last]
        taken = [float(word) for word in next(line.split()[1:] for line in lines if line.startswith("cost "))]
        minutes, seconds = (taken[3] - taken[0]) / 60, (sum(taken[4:]) - sum(taken[1:3])) / 100
        print("\n" + "\n".join(line for line in lines if line.startswith("work ")))
        print(f"{minutes:.1f} minutes of the guest (emulated); the monitor took {seconds:.1f} s of CPU time; alerts: {len(told)}"
              + "".join("\n  " + output for output in told), flush=True)
        self.assertEqual([output for output in told if output.split()[0] in SEVERE], [])


if __name__ == "__main__":
    Systemd.nezuban, *kernels = sys.argv[1:]
    Systemd.kernel = (kernels or ["6.1"])[0]
    unittest.main(argv=sys.argv[:1], verbosity=2)
