# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts about BPF programs: how often they ran, and how long. By bpf(2) alone.

    with bpf_stats.enabled():
        before = bpf_stats.total(bpf_stats.programs_of_process(pid))
        ...
        used = bpf_stats.total(bpf_stats.programs_of_process(pid)) - before
        used.runs, used.ns, used.ns_per_run()
"""
import collections
import contextlib
import ctypes
import errno
import os
import platform
import re

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_GET_NEXT_ID, PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD, ENABLE_STATS = 11, 13, 15, 32
PROG_TYPE_PERF_EVENT = 7
# Offsets in struct bpf_prog_info (include/uapi/linux/bpf.h).
INFO_BYTES, AT_NAME, AT_RUN_TIME, AT_RUN_CNT, AT_VERIFIED = 232, 64, 192, 200, 216

_libc = ctypes.CDLL(None, use_errno=True)
Program = collections.namedtuple("Program", "id type name run_ns runs verified")


class Used(collections.namedtuple("Used", "runs ns")):
    def __sub__(self, other):
        return Used(self.runs - other.runs, self.ns - other.ns)

    def ns_per_run(self):
        return self.ns / self.runs if self.runs else float("nan")


def _bpf(command, attr):
    buf = ctypes.create_string_buffer(attr, max(len(attr), 72))
    r = _libc.syscall(SYS_BPF, command, buf, len(buf))
    if r < 0:
        e = ctypes.get_errno()
        raise OSError(e, f"bpf({command}): {os.strerror(e)}")
    return r, buf


def _u32(*numbers):
    return b"".join(n.to_bytes(4, "little") for n in numbers)


@contextlib.contextmanager
def enabled():
    """The kernel keeps the statistics as long as the descriptor is open."""
    fd, _ = _bpf(ENABLE_STATS, _u32(0))
    try:
        yield
    finally:
        os.close(fd)


def program(ident):
    """None: it has gone."""
    try:
        fd, _ = _bpf(PROG_GET_FD_BY_ID, _u32(ident))
    except OSError as e:
        if e.errno == errno.ENOENT:
            return None
        raise
    try:
        info = ctypes.create_string_buffer(INFO_BYTES)
        _bpf(OBJ_GET_INFO_BY_FD, _u32(fd, INFO_BYTES) + ctypes.addressof(info).to_bytes(8, "little"))
    finally:
        os.close(fd)

    def number(at, size):
        return int.from_bytes(info.raw[at:at + size], "little")

    name = info.raw[AT_NAME:AT_NAME + 16].split(b"\0")[0].decode()
    return Program(ident, number(0, 4), name, number(AT_RUN_TIME, 8), number(AT_RUN_CNT, 8), number(AT_VERIFIED, 4))


def _fdinfo(pid):
    """The text of each descriptor's fdinfo."""
    folder = f"/proc/{pid}/fdinfo"
    for fd in os.listdir(folder):
        try:
            with open(f"{folder}/{fd}", encoding="utf-8", errors="replace") as f:
                yield f.read()
        except FileNotFoundError:
            pass


def programs_of_process(pid):
    """The perf_event programs that it has open."""
    found = (re.search(r"^prog_id:\t(\d+)$", text, re.M) for text in _fdinfo(pid))
    programs = [program(i) for i in sorted({int(m[1]) for m in found if m})]
    return [p for p in programs if p and p.type == PROG_TYPE_PERF_EVENT]


def programs_of_name(name):
    """The kernel keeps 15 characters of a name."""
    found, ident = [], 0
    while True:
        try:
            _, buf = _bpf(PROG_GET_NEXT_ID, _u32(ident))
        except OSError as e:
            if e.errno == errno.ENOENT:
                return found
            raise
        ident = int.from_bytes(buf.raw[4:8], "little")
        p = program(ident)
        if p and p.name == name[:15]:
            found.append(p)


def total(programs):
    return Used(sum(p.runs for p in programs), sum(p.run_ns for p in programs))


def map_bytes(pid):
    """{map id: bytes that the kernel charges for it} of the maps that the process has open."""
    maps = {}
    for text in _fdinfo(pid):
        ident, memlock = (re.search(rf"^{key}:\t(\d+)$", text, re.M) for key in ("map_id", "memlock"))
        if ident and memlock:
            maps[int(ident[1])] = int(memlock[1])
    return maps
