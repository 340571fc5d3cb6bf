# SPDX-License-Identifier: Apache-2.0
"""The Debian package of the program under test, and the image of deploy/Dockerfile with it: built for this run.

Or, in NEZUBAN_IMAGE, the image of an archive that scripts/image made: the one compiled from nothing, in scripts/prove.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import BINARY, ROOT

REFERENCE = "localhost/nezuban:0.1.0"  # what scripts/image calls it


def run(*command, **options):
    """Its standard output; what it says when it fails is in the error."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class Image:
    def __init__(self):
        # In memory: dpkg waits for the disk after each package, and here nothing has to outlive anything.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nz-i-", dir="/dev/shm"))
        self.archive = None

    @functools.cached_property
    def package(self):
        built = run(ROOT / "scripts" / "package", "--build", pathlib.Path(BINARY).parent, self.directory)
        return pathlib.Path(built.strip())

    def build(self):
        given = os.environ.get("NEZUBAN_IMAGE")
        if given:
            self.archive = pathlib.Path(given)
            self.buildah("pull", "--quiet", f"docker-archive:{given}")
            return
        self.archive = pathlib.Path(run(ROOT / "scripts" / "image", "--package", self.package, self.directory).strip())

    def buildah(self, *arguments):
        return run("buildah", "--root", self.directory / "storage", "--runroot", self.directory / "run",
                   *arguments).strip()

    def machine(self):
        return Machine(self)

    def remove(self):
        if (self.directory / "storage").exists():
            self.buildah("umount", "--all")
        shutil.rmtree(self.directory)


class Machine:
    """A Debian that has the package and what it depends on, and nothing else: the image's root, to be changed."""

    def __init__(self, image):
        self.image = image
        self.name = image.buildah("from", "--pull-never", REFERENCE)
        self.root = pathlib.Path(image.buildah("mount", self.name))

    def run(self, *command):
        return self.image.buildah("run", "--isolation", "chroot", self.name, "--", *command)

    def remove(self):
        self.image.buildah("umount", self.name)
        self.image.buildah("rm", self.name)
