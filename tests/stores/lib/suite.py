# SPDX-License-Identifier: Apache-2.0
"""What the tests against central stores share.

    suite.run(pyroscope.Pyroscope, case, ..)                  each case gets the running store
    path = suite.write("a.pb.gz", data)
    r = suite.push(f"pyroscope+{store.url}", path, host="a")    the Result of `cpuhound push`
    path, profile = suite.recorded()                          of a program on this machine
"""
import functools
import pathlib

import harness as h
import pprof
import provision

MINUTE_NS = 60_000_000_000
DURATION_NS = 10_000_000_000
PERIOD_NS = 10_101_010  # 99 Hz
LACKS_SOMETHING = 3  # exit code: rights, or the kernel's help
BUSY = """
import zlib
while True:
    zlib.compress(bytes(range(256)) * 400), sorted(str(i) for i in range(2000))
"""


def run(make_store, *cases):
    """Skips all when the store cannot be had."""
    try:
        store = make_store()
    except provision.Unavailable as e:
        h.skip_all(str(e))
    with store:
        for case in cases:
            h.case(case, store)
    h.done()


def write(name, data):
    path = h.tmp(name)
    pathlib.Path(path).write_bytes(data)
    return path


def push(to, path, *options, **labels):
    """`--to TO`, with these labels."""
    pairs = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    return h.cpuhound("push", "--to", to, *pairs, *options, path)


def pushed(what, r):
    return h.check(f"cpuhound pushes {what}", r.rc == 0, r)


def refused(what, r, *words, rc=1):
    """Says so in one line, with these words."""
    lines = r.stderr.splitlines()
    return h.check(what, r.rc == rc and len(lines) == 1 and all(w in lines[0] for w in words), r)


@functools.lru_cache(maxsize=None)
def recorded():
    """A second of a real program, in libraries without symbols, too. None, and skipped: nothing can be sampled here.
    Not of the whole machine: names of Go's generic functions are not those that Pyroscope shows."""
    path = h.tmp("recorded.pb.gz")
    busy = h.start("python3", "-c", BUSY)
    r = h.cpuhound("record", "-p", busy.pid, "-d", "1", "-F", "997", "-o", path, "--cache-dir", h.CACHE)
    h.stop(busy)
    if r.rc == LACKS_SOMETHING:
        h.skip("a recorded profile", r.stderr.strip()[-300:])
        return None
    assert r.rc == 0, r
    return path, pprof.read(path)
