#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is done on the node itself, by somebody who came in another way than out of a container: each act raises its
alert, which names no container.
"""

import os
import pathlib
import pty
import signal
import socket
import subprocess
import unittest

from watched import Watched


class Node(Watched):
    def expect_on_node(self, rule, **fields):
        """The alert of `rule` for what this process itself did."""
        wanted = {name.replace("_", "."): value for name, value in fields.items()}
        found = self.watch.wait_for(
            lambda a: a["rule"] == rule and a["pid"] == os.getpid()
            and all(a["output_fields"].get(name) == value for name, value in wanted.items()), rule)[0]
        self.assertEqual((found["container_id"], found["origin"]), ("host", "host"))

    def make_directory(self, directory):
        """If it is not there; then it is gone again, with what is registered later, in the end."""
        if not directory.exists():
            directory.mkdir()
            self.addCleanup(directory.rmdir)

    def open_for_writing(self, path):
        """As who changes it would; its content and time stay, and what was not there is gone again."""
        file = pathlib.Path(path)
        self.make_directory(file.parent)
        if not file.exists() or "nezuban-e2e" in path:
            self.addCleanup(file.unlink, missing_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644))

    def test_what_is_told_of_the_node(self):
        for rule, path in (("Start file of the node written by hand", "/etc/cron.d/nezuban-e2e"),
                           ("Monitor's files changed", "/etc/nezuban/nezuban-e2e"),
                           ("Preloaded library set", "/etc/ld.so.preload")):
            with self.subTest(rule):
                self.open_for_writing(path)
                self.expect_on_node(rule, **({} if "Monitor" in rule else {"fd_name": path}))
        with self.subTest("a signal"):
            self.stop_for_a_moment()
        with self.subTest("a debugger"):
            self.trace_for_a_moment()
        with self.subTest("a map of it opened"):
            self.list_bpf_objects()
        with self.subTest("a socket of it removed"):
            self.remove_socket()

    def test_programs_and_secrets_of_the_node(self):
        shell = subprocess.Popen(["python3", "-c", "import os; m = os.memfd_create('x'); "
                                  "os.write(m, open('/bin/busybox', 'rb').read()); os.execve(m, ['true'], {})"])
        terminal, master = pty.fork()
        if terminal == 0:
            os.execv("/usr/bin/md5sum", ["md5sum", "/etc/shadow"])
        self.assertEqual((os.waitpid(terminal, 0)[1], shell.wait()), (0, 0))
        os.close(master)
        for rule, pid in (("Program in memory executed on the node", shell.pid),
                          ("Password hashes among files swept up", terminal)):
            self.watch.wait_for(lambda a, r=rule, p=pid: a["rule"] == r and a["pid"] == p, rule)

    def test_a_start_file_put_in_place(self):
        rule, written = "Start file of the node written by hand", pathlib.Path("/etc/nezuban-e2e-written")
        moved, linked = (pathlib.Path("/etc/cron.d") / f"nezuban-e2e-{name}" for name in ("moved", "linked"))
        self.make_directory(moved.parent)
        for file in written, moved, linked:
            self.addCleanup(file.unlink, missing_ok=True)
        written.write_text("# nothing\n")
        linked.symlink_to(written)
        written.rename(moved)
        self.expect_on_node(rule, fs_path_source=str(linked))
        self.expect_on_node(rule, fs_path_target=str(moved))

    def stop_for_a_moment(self):
        os.kill(self.daemon.process.pid, signal.SIGSTOP)
        os.kill(self.daemon.process.pid, signal.SIGCONT)
        self.expect_on_node("Monitor signalled", evt_arg_sig="SIGSTOP")

    def trace_for_a_moment(self):
        seize = f"import ctypes; exit(ctypes.CDLL(None).ptrace(0x4206, {self.daemon.process.pid}, 0, 0))"
        with subprocess.Popen(["python3", "-c", seize]) as debugger:  # which lets go as it ends
            self.assertEqual(debugger.wait(), 0)
        self.watch.wait_for(lambda a: a["rule"] == "Monitor taken over" and a["pid"] == debugger.pid, "a debugger")

    def list_bpf_objects(self):
        """As who looks for what to change: bpftool opens each by its number."""
        for kind, call in (("prog", "BPF_PROG_GET_FD_BY_ID"), ("map", "BPF_MAP_GET_FD_BY_ID"),
                           ("link", "BPF_LINK_GET_FD_BY_ID")):
            with subprocess.Popen(["bpftool", kind, "list"], stdout=subprocess.DEVNULL) as tool:
                self.assertEqual(tool.wait(), 0)
            found = self.watch.wait_for(
                lambda a, p=tool.pid: a["rule"] == "Monitor's BPF objects opened" and a["pid"] == p, f"{kind}s opened")[0]
            self.assertEqual(found["output_fields"]["evt.arg.cmd"], call)
            self.assertEqual(found["output_fields"]["target.pid"], self.daemon.process.pid)

    def remove_socket(self):
        path = pathlib.Path("/run/nezuban/nezuban-e2e.sock")
        self.make_directory(path.parent)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
        path.unlink()
        self.expect_on_node("Monitor's files changed", evt_type="unlink")


if __name__ == "__main__":
    unittest.main(verbosity=2)
