# SPDX-License-Identifier: Apache-2.0
"""Cgroups that a test makes for itself: in the hierarchy that cpuhound names (memory on v1, else v2), and in cpuacct,
whose usage is the kernel's own account of CPU time."""
import contextlib
import os
import pathlib
import signal
import time

HANG_S = 600  # a guard against hanging


def mount_of(controller):
    """Where the v1 hierarchy with this controller is mounted; None: nowhere."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        head, tail = line.split(" - ")
        if tail.startswith("cgroup ") and controller in tail.split(" ")[2].split(","):
            return head.split(" ")[4]
    return None


def v2_mount():
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        head, tail = line.split(" - ")
        if tail.startswith("cgroup2 "):
            return head.split(" ")[4]
    return None


class Cgroup:
    """With two directories on v1 (memory, cpuacct), one on v2. `path` is what cpuhound calls it. A context manager
    that removes what it made; its processes must be gone by then."""

    def __init__(self, path):
        self.path = path
        named, account = mount_of("memory") or v2_mount(), mount_of("cpuacct") or v2_mount()
        if not named or not account:
            raise OSError("no cgroup hierarchy is mounted")
        self._named, self._account = named + path, account + path
        self._made = []
        for directory in (self._named, self._account):
            self._make(directory)

    def _make(self, directory):
        if not os.path.isdir(directory):
            self._make(os.path.dirname(directory))
            os.mkdir(directory)
            self._made.append(directory)

    def enter(self):
        """Puts the calling process into it: for preexec_fn."""
        for directory in {self._named, self._account}:
            with open(directory + "/cgroup.procs", "w", encoding="ascii") as f:
                f.write("0")

    def usage_ns(self):
        try:
            return int(pathlib.Path(self._account, "cpuacct.usage").read_text())
        except FileNotFoundError:
            stat = pathlib.Path(self._account, "cpu.stat").read_text()
            return 1000 * int(dict(line.split() for line in stat.splitlines())["usage_usec"])

    def wait_for_usage(self, seconds):
        """Until its processes have used that much CPU time since they came."""
        end = time.monotonic() + HANG_S
        while self.usage_ns() < seconds * 1e9:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.usage_ns() / 1e9:.1f} s of CPU time in {HANG_S} s")
            time.sleep(0.05)

    def kill(self):
        """Everything in it, and what that may still start."""
        end = time.monotonic() + HANG_S
        while pids := pathlib.Path(self._named, "cgroup.procs").read_text().split():
            for pid in map(int, pids):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > end:
                raise TimeoutError(f"cannot kill {pids}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for directory in reversed(self._made):
            try:
                os.rmdir(directory)
            except OSError:
                pass
