# SPDX-License-Identifier: Apache-2.0
"""Real OCI containers with runc: a busybox root file system with the test's static programs in /bin.

    c = oci.Container("sleeper", [program], ["/bin/program", "0"])
    p = c.start()          Popen of `runc run`
    c.id                   64 hex digits
    c.kill()
"""
import json
import os
import secrets
import shutil
import subprocess

import harness as h

RUNC = shutil.which("runc") or "/usr/sbin/runc"
BUSYBOX = "/usr/bin/busybox"


def why_not():
    """What is missing for containers; None: nothing."""
    for path in (RUNC, BUSYBOX):
        if not os.access(path, os.X_OK):
            return f"no {path}"
    return None


class Container:
    def __init__(self, name, programs, args):
        self.id = secrets.token_hex(32)
        self.bundle = h.tmp(f"oci-{name}-{self.id[:8]}")
        self.args = args
        bin_dir = os.path.join(self.bundle, "rootfs", "bin")
        os.makedirs(bin_dir)
        for d in ("proc", "dev", "sys", "tmp"):
            os.makedirs(os.path.join(self.bundle, "rootfs", d))
        shutil.copy(BUSYBOX, os.path.join(bin_dir, "busybox"))
        os.symlink("busybox", os.path.join(bin_dir, "sh"))
        for program in programs:
            shutil.copy(program, bin_dir)
        self._write_config()

    def _write_config(self):
        subprocess.run([RUNC, "spec"], cwd=self.bundle, check=True)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as f:
            config = json.load(f)
        config["process"].update(terminal=False, args=self.args, noNewPrivileges=False)
        config["process"].pop("rlimits", None)
        config["linux"].pop("seccomp", None)
        config["root"]["readonly"] = False
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)

    def start(self, **options):
        options.setdefault("stdout", subprocess.PIPE)
        return h.start(RUNC, "--root", h.tmp("runc-state"), "run", "--bundle", self.bundle, self.id,
                       **options)

    def kill(self):
        kill(self.id)


def kill(container_id):
    h.run(RUNC, "--root", h.tmp("runc-state"), "delete", "--force", container_id)
