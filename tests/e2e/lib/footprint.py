# SPDX-License-Identifier: Apache-2.0
"""Memory of the agent and the indexer while the whole machine is recorded, both CPUs busy and nothing in the cache."""
import collections
import os
import re
import subprocess
import time

import harness as h
import pprof

MIB = 1 << 20
AGENT_LIMIT = 32 * MIB    # RssAnon; what is mapped (BPF arrays, index files) is reported apart
INDEXER_LIMIT = 256 * MIB
N_FILES = 400             # for the indexer, the largest of the machine among them


def memory(pid):
    """{RssAnon, RssFile, RssShmem} in bytes; None: it has gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            found = dict(re.findall(r"^(Rss\w+):\s+(\d+) kB", f.read(), re.M))
    except OSError:
        return None
    return {k: int(v) * 1024 for k, v in found.items()} or None


def mapped(pid):
    """Bytes of address space by what is mapped: BPF arrays, perf rings, index files."""
    sums = collections.Counter()
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
        for line in f:
            fields = line.split(None, 5)
            name = fields[5].strip() if len(fields) > 5 else ""
            start, end = (int(n, 16) for n in fields[0].split("-"))
            for kind, part in (("BPF arrays", "bpf-map"), ("perf rings", "perf_event"), ("index files", ".idx"),
                               ("index files", "cpuhound-index")):
                if part in name:
                    sums[kind] += end - start
    return dict(sums)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def elf_files():
    """The machine's largest, then others."""
    found = []
    for root in ("/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib", "/root", "/opt"):
        for directory, _, names in os.walk(root):
            found += [os.path.join(directory, n) for n in names]
        if len(found) > 20000:
            break
    sizes = {}
    for path in found:
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as f:
                if f.read(4) == b"\x7fELF":
                    sizes[path] = os.path.getsize(path)
    by_size = sorted(sizes, key=sizes.get, reverse=True)
    return by_size[:40] + by_size[40::max(1, len(by_size) // (N_FILES - 40))]


class Peaks:
    def __init__(self):
        self.agent, self.indexer, self.first_anon, self.mapped, self.children = {}, {}, None, {}, set()

    def look(self, pid):
        now = memory(pid)
        if now:
            self.first_anon = self.first_anon or now["RssAnon"]
            self.agent = {k: max(v, self.agent.get(k, 0)) for k, v in now.items()}
            self.mapped = {k: max(v, self.mapped.get(k, 0)) for k, v in (self.mapped | mapped(pid)).items()}
        for child in children(pid):
            now = memory(child)
            if now:
                if child not in self.children:  # at the lowest priority it would get nothing done on busy CPUs
                    os.setpriority(os.PRIO_PROCESS, child, 0)
                self.children.add(child)
                self.indexer = {k: max(v, self.indexer.get(k, 0)) for k, v in now.items()}


def mib(peaks):
    return ", ".join(f"{k} {v / MIB:.1f}" for k, v in sorted(peaks.items()))


def footprint(name, seconds, burners):
    out, peaks = h.tmp("footprint.pb.gz"), Peaks()
    # No CPU is idle; but tests beside this one, and the indexers, which are to have something to hold, go before.
    started = [h.start("nice", "-n", 10, *b, stdout=subprocess.DEVNULL) for b in burners]
    mapper = h.start(h.compile("map-many.c", "-static"), 1e9, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    mapper.stdin.write("\n".join(elf_files()).encode() + b"\n")
    mapper.stdin.close()
    mapper.stdout.readline()
    agent = h.start_cpuhound("record", "-F", 99, "-d", seconds, "-o", out, "--cache-dir", h.tmp(f"cache-{len(name)}"))
    while agent.poll() is None:
        try:
            peaks.look(agent.pid)
        except OSError:
            pass
        time.sleep(0.1)
    for p in started + [mapper]:
        h.stop(p)
    r = h.finish(agent)
    if not h.check(f"{name}: the recording ends well", r.rc == 0, r):
        return
    profile = pprof.read(out)
    h.note(f"{name}, {seconds} s: agent MiB: {mib(peaks.agent)} (RssAnon at first {(peaks.first_anon or 0) / MIB:.1f}); "
           f"mapped MiB: {mib(peaks.mapped)}; indexer MiB ({len(peaks.children)} children): {mib(peaks.indexer)}; "
           f"{profile.total()} samples, {[c for c in profile.comments if c.startswith('unreadable')][:5]}")
    h.check(f"{name}: RssAnon of the agent is at most 32 MiB", 0 < peaks.agent["RssAnon"] <= AGENT_LIMIT, mib(peaks.agent))
    h.check(f"{name}: RssAnon of the indexer is at most 256 MiB", 0 < peaks.indexer["RssAnon"] <= INDEXER_LIMIT,
            mib(peaks.indexer))


def main(seconds):
    h.needs_root()
    named, spawner = h.compile("named.c", "-static"), h.compile("spawner.c", "-static")
    h.case(footprint, "both CPUs busy", seconds, [[named, 0]] * os.cpu_count())
    h.case(footprint, "busy with short processes", seconds, [[spawner, 10 ** 9, named, 1]] * os.cpu_count())
    h.done()
