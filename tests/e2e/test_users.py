#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Names of users: from the container's own files or the node's, new ones too, the same when replayed; and
a container whose files are a file system that never answers holds up nothing but itself."""

import os
import pwd
import stat
import subprocess
import sys
import unittest

from harness import BINARY, PATIENCE, Container, wait_until
from watched import OwnMonitor, mark

RULES = """
- rule: Marked
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args contains nezuban-mark-
  output: "%proc.cmdline | user=%user.name home=%user.homedir shell=%user.shell group=%group.name"
- rule: Marked, not by a shopper
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args contains nezuban-mark- and not user.name in (shopper, root)
  output: "%proc.cmdline | %user.name"
"""

# Mounts a FUSE file system on /etc/passwd of another mount namespace and never answers it.
SILENT = """
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
fuse = os.open("/dev/fuse", os.O_RDWR)
check(libc.setns(os.open(f"/proc/{sys.argv[1]}/ns/mnt", os.O_RDONLY), 0x20000))
options = f"fd={fuse},rootmode=100644,user_id=0,group_id=0,allow_other".encode()
check(libc.mount(b"silent", b"/etc/passwd", b"fuse", 0, options))
print("mounted", flush=True)
signal.pause()
"""


class Users(OwnMonitor):
    rules_text = RULES

    def container(self, *command, **options):
        container = Container(*command, **options)
        self.addCleanup(container.remove)
        return container

    def shop(self, word, user=1000):
        """A container that says its mark all the time, and calls its user 1000 shopper."""
        shop = self.container("/bin/sh", "-c", f"while sleep 0.2; do /bin/true {word}; done", user=user)
        (shop.rootfs / "etc" / "passwd").write_text("shopper:x:1000:1000::/shop:/bin/shop\n")
        (shop.rootfs / "etc" / "group").write_text("shoppers:x:1000:\n")
        return shop.start()

    def marked(self, watch, word, text="", rule="Marked"):
        return watch.wait_for(lambda a: a["rule"] == rule and word in a["output"] and text in a["output"],
                              f"{rule}: {word} {text}")[0]

    def test_of_a_container_and_of_the_node(self):
        _, watch = self.daemon()
        word, bare = mark(), mark()
        self.shop(word)
        alert = self.marked(watch, word)
        self.assertIn("user=shopper home=/shop shell=/bin/shop group=shoppers", alert["output"])
        self.assertEqual(alert["output_fields"]["user.name"], "shopper")
        self.assertEqual(alert["uncertain"], [])
        # No such files: nobody there has a name, and that is certain.
        self.container("/bin/sh", "-c", f"/bin/true {bare}; sleep 1000", user=1000).start()
        alert = self.marked(watch, bare)
        self.assertIn("user=<NA> home=<NA> shell=<NA> group=<NA>", alert["output"])
        self.assertEqual(alert["uncertain"], [])
        self.marked(watch, bare, rule="Marked, not by a shopper")
        nobody, on_node = pwd.getpwnam("nobody"), mark()
        subprocess.run(["/bin/true", on_node], user=nobody.pw_uid, group=nobody.pw_gid, check=True)
        alert = self.marked(watch, on_node)
        self.assertIn(f"user=nobody home={nobody.pw_dir} shell={nobody.pw_shell} group=", alert["output"])
        self.assertEqual(watch.matching(lambda a: a["rule"] != "Marked" and word in a["output"]), [])

    def test_who_is_added_later_has_a_name(self):
        _, watch = self.daemon()
        word = mark()
        shop = self.shop(word, user=2000)
        self.marked(watch, word, "user=<NA>")
        new = shop.rootfs / "etc" / "new"
        new.write_text("late:x:2000:2000::/late:/bin/late\n")
        new.rename(shop.rootfs / "etc" / "passwd")
        self.marked(watch, word, "user=late home=/late")

    def test_a_file_system_that_never_answers_holds_up_nobody_else(self):
        daemon, watch = self.daemon()
        word, other = mark(), mark()
        shop = self.shop(word, user=2000)
        self.marked(watch, word, "user=<NA>")
        pid = subprocess.run([*shop.runtime, "ps", "--format", "json", shop.id],
                             capture_output=True, text=True, check=True).stdout.strip("[]\n").split(",")[0]
        if not os.path.exists("/dev/fuse"):
            os.mknod("/dev/fuse", 0o666 | stat.S_IFCHR, os.makedev(10, 229))
        silent = subprocess.Popen([sys.executable, "-c", SILENT, pid], stdout=subprocess.PIPE, text=True)
        self.addCleanup(silent.stdout.close)
        self.addCleanup(silent.wait)
        self.addCleanup(silent.kill)
        self.assertEqual(silent.stdout.readline(), "mounted\n")
        before = watch.matching(lambda a: a["rule"] == "Marked, not by a shopper" and word in a["output"])
        self.assertEqual([a for a in before if "user.name" in a["uncertain"]], [])
        watch.wait_for(lambda a: word in a["output"] and "user.name" in a["uncertain"],
                       "an alert that does not know the user")
        self.shop(other)
        self.assertEqual(self.marked(watch, other, "user=shopper")["uncertain"], [])
        count = len(watch.matching(lambda a: word in a["output"]))
        wait_until(lambda: len(watch.matching(lambda a: word in a["output"])) > count + 3, "more alerts of it")
        self.assertEqual(daemon.stop(), 0)

    def test_a_replay_says_the_same(self):
        recording = self.directory / "recording.nzb"
        daemon, watch = self.daemon("--record", str(recording), "--output", "json")
        words = [mark(), mark()]
        for word, user in zip(words, (1000, 2000)):
            self.shop(word, user=user)
            self.marked(watch, word)
        self.marked(watch, words[1], rule="Marked, not by a shopper")
        self.assertEqual(daemon.stop(), 0)
        live = [line for line in daemon.read_log().splitlines() if line.startswith("{")]
        ended = subprocess.run([BINARY, "replay", str(recording), "--rules", str(self.rules), "--output", "json"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE * 2)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(ended.stdout.splitlines(), live)


if __name__ == "__main__":
    unittest.main(verbosity=2)
