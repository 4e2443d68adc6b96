# SPDX-License-Identifier: Apache-2.0
"""A real `cpuhound agent` for a test, and what it leaves on disk.

    with agent.Agent("plain") as a:         samples when the with begins
        a.status()                          the JSON of `cpuhound status`
        a.wait_for_windows(3)               so many files more than now
        r = a.stop()                        SIGTERM: the Result
    agent.read_windows(a.windows())         [Window], oldest first, each checked by itself
"""
import collections
import contextlib
import ctypes
import glob
import json
import os
import platform
import re
import signal
import socket
import time
import urllib.error
import urllib.request

import harness as h
import pprof

NS = 10**9
UNLIMITED = {"limits__cpu_percent": 10000, "limits__rss_mb": 4096}  # other load on this machine is no reason for a step
BPF_NR, BPF_ENABLE_STATS = {"x86_64": 321, "aarch64": 280}, 32
Window = collections.namedtuple("Window", "path sequence start_ns end_ns profile ledger")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Agent:
    """name: of its directory. text: of its configuration file. wrap: a command before it. settings: http__listen="" is
    --set http.listen=."""

    def __init__(self, name, *flags, window="1s", text="", wrap=(), waits=True, **settings):
        self.dir = h.tmp(name)
        os.makedirs(self.dir, exist_ok=True)
        self.config = os.path.join(self.dir, "cpuhound.conf")
        self.configure(text)
        self.off = os.path.join(self.dir, "off")
        self.port = free_port()
        self.log = os.path.join(self.dir, "log")
        self.root = ""  # where the agent sees its files, as this test does
        sets = {"agent.run_dir": self.path("run"), "agent.cache_dir": h.CACHE, "agent.kill_switch": self.off,
                "agent.group": "", **{k.replace("__", "."): v for k, v in settings.items()}}
        self.command = [*wrap, h.CPUHOUND, "agent", "--config", self.config, "--state-dir", self.path("state"),
                        "--listen", f"127.0.0.1:{self.port}", "--window", window, *flags]
        self.command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        self.start(waits)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, waits=True):
        """Again, after it has ended."""
        with open(self.log, "ab") as log:
            self.process = h.start(*self.command, stdout=log, stderr=log)
        if waits and not h.until(lambda: self.state() == "sampling" or self.process.poll() is not None):
            raise RuntimeError("the agent does not start: " + self.said())
        if waits and self.process.poll() is not None:
            raise RuntimeError(f"the agent ended with {self.process.returncode}: {self.said()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        h.stop(self.process)

    @property
    def pid(self):
        return self.process.pid

    def configure(self, text):
        with open(self.config, "w", encoding="ascii") as f:
            f.write(text)

    def reload(self, text):
        self.configure(text)
        self.process.send_signal(signal.SIGHUP)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def status(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(h.HANG_S)
            s.connect(os.path.join(self.path("run"), "agent.sock"))
            with s.makefile("rb") as f:
                return json.loads(f.read())

    def state(self):
        try:
            return self.status()["state"]
        except (OSError, ValueError):
            return None  # not yet, or no longer

    def n_lost(self):
        """Windows that found no way to the disk."""
        windows = self.status()["windows"]
        return windows["refused"] + windows["failed"]

    def children(self):
        """{name: pid} of those that run."""
        return {p["name"]: p["pid"] for p in self.status()["own_processes"] if p["pid"] and p["pid"] != self.pid}

    def restarts(self, name):
        return next(p["restarts"] for p in self.status()["own_processes"] if p["name"] == name)

    def get(self, path):
        """(status, text); (0, why) where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=h.HANG_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def windows(self):
        """Paths of the files that are whole, oldest first."""
        return sorted(glob.glob(self.root + self.path("state") + "/windows/*/*/*.pb.zst"))

    def wait_for_windows(self, n):
        wanted = len(self.windows()) + n
        return h.until(lambda: len(self.windows()) >= wanted or self.process.poll() is not None)

    def stop(self, with_signal=signal.SIGTERM):
        """Its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=h.HANG_S)


def imbalance(window):
    """"" where its ledger is true: both equations, and what lies in the profile."""
    wrong = (*pprof.imbalances(window.ledger), window.profile.total() - window.ledger["in_profile"])
    return f"{window.path}: {wrong}: {window.ledger}" if any(wrong) else ""


def read_window(path):
    profile = pprof.read(path)
    return Window(path, int(re.search(r"-(\d+)\.pb\.zst$", path)[1]), profile.time_ns,
                  profile.time_ns + profile.duration_ns, profile, profile.ledger)


def read_windows(paths):
    return [read_window(path) for path in paths]


def check_ledgers(name, windows):
    """Each file's, and all together."""
    wrong = [why for why in map(imbalance, windows) if why]
    h.check(f"{name}: the ledger's difference is 0 in each of {len(windows)} files", windows and not wrong, wrong[:3])
    total = None
    for w in windows:
        total = w.ledger if total is None else pprof.add_ledgers(total, w.ledger)
    h.check(f"{name}: and over all", total and pprof.imbalances(total) == (0, 0) and
            total["windows"] == len(windows), total)


def check_sequence(name, windows, n_lost=0):
    """n_lost: windows that the agents told of as lost."""
    numbers = [w.sequence for w in windows]
    n_missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    h.check(f"{name}: no window is missing, but {n_lost} that were told of", numbers == sorted(set(numbers)) and
            n_missing == n_lost, numbers)


@contextlib.contextmanager
def burners(nice=0, percent=100):
    """A loop pinned to each CPU, by the name of spin-CPU. nice: 10 where it is enough that no CPU is idle; percent: 20
    where it is enough that they have samples. Tests beside this one do not wait for them then."""
    running = []
    for cpu in sorted(os.sched_getaffinity(0)):
        running.append(h.start("nice", "-n", nice, "taskset", "-c", cpu, h.compile("spin.c", name=f"spin-{cpu}"), "-p", percent))
    try:
        yield running
    finally:
        for p in running:
            h.stop(p)


def said_within(predicate, seconds):
    """Whether it held, and after how many seconds."""
    begin = time.monotonic()
    while not (holds := predicate()) and time.monotonic() < begin + seconds:
        time.sleep(0.01)
    return holds, time.monotonic() - begin


def bpf_objects(pid):
    """{"prog": ids, "map": ids} that a process holds by its descriptors."""
    ids = {"prog": set(), "map": set()}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
            for kind, number in re.findall(r"^(prog|map)_id:\s+(\d+)$", f.read(), re.M):
                ids[kind].add(int(number))
    return ids


def bpf_left(ids):
    """Those of them that the kernel still has."""
    left = []
    for kind, numbers in ids.items():
        r = h.run("bpftool", "-j", kind, "show")
        assert r.rc == 0, r
        left += [(kind, o["id"], o.get("name")) for o in json.loads(r.stdout) if o["id"] in numbers]
    return left


@contextlib.contextmanager
def bpf_stats():
    """The kernel counts the runs of all programs: `bpf_runs` of the status."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(BPF_NR[platform.machine()], BPF_ENABLE_STATS, ctypes.byref(ctypes.c_uint32(0)), 4)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "BPF_ENABLE_STATS")
    try:
        yield
    finally:
        os.close(fd)


def last_window_boottime_ns(a):
    """When the last window that was written ended, as the next start will know it; None: none yet."""
    try:
        with open(a.path("state/last-window"), encoding="ascii") as f:
            return int(f.read().split()[1])
    except FileNotFoundError:
        return None
