# SPDX-License-Identifier: Apache-2.0
"""The hostile corpus through the real indexer: lays files, drives hostile-run over them, judges what it says.

A file may end as READY or with a reason that says what is wrong with it, within its time and memory; nothing may crash,
neither the side of the agent nor the child: under the sanitizers that also means no report."""
import json
import os
import random
import re
import shutil
import subprocess

import bombs
import harness as h
import mutations
import seeds

BATCH = 250      # files laid at a time
SIDE_SHARE = 0.5  # of the files that come with others, those where one of the others is damaged
REASONS = {"no ELF executable or library", "needs too much memory", "too large", "took too long", "cannot be read"}
DEBUG_REASONS = {"none found", "damaged", "too large", "took too long", "cannot be read", "changed while it was read"}
CRASHED = "indexer crashed"
CPU_MS = 2000 + 1000 + 1000  # an indexer's limit for a file is in whole seconds; debug info has more time by its size
LIMIT_MIB = 256
MAPPED_MIB = 40  # of the program and its libraries, in the resident size
LOAD_BASE = 0x555555554000  # of a program without randomisation (hostile-run.c)
GOOD = "~good"   # the last file of each batch: whatever came before, it is read
HANG_S = 1800  # for a batch: a guard against hanging
KEEP = os.environ.get("HOSTILE_KEEP", "/var/tmp/cpuhound-hostile")  # where files lie that did harm


def build_of(sanitized):
    path = os.path.join(h.BUILD if not sanitized else sanitized_build(), "tests/hostile/hostile-run")
    if not os.access(path, os.X_OK):
        h.skip_all(f"needs {path}")
    return path


def sanitized_build():
    return os.environ.get("CPUHOUND_SANITIZED_BUILD", str(h.ROOT / "build-asan"))


def made_folder(name):
    os.makedirs(h.tmp(name), exist_ok=True)
    return h.tmp(name)


class Corpus:
    """Draws files one after the other, the same ones in every run with the same seed."""

    def __init__(self, folder, first=0):
        self.folder, self.n = folder, first
        os.makedirs(folder)
        good, self.sides = seeds.compiled(made_folder("seeds"))
        self.good = good["gcc-5"]
        good.update(seeds.own())
        # Weighed by what is in them: those with debug info are what most of the readers are about.
        compiled = [n for n in good if n in seeds.COMPILED or n in self.sides or n in ("rust", "gcc-zstd", "debugdata")]
        self.names = sorted(good) + 3 * sorted(compiled)
        self.content = {name: path.read_bytes() for name, path in good.items()}
        self.content_of_sides = {name: [p.read_bytes() for p in paths] for name, paths in self.sides.items()}

    def draw(self):
        """Lays the next damaged file; its name tells how to make it again."""
        rng = random.Random(self.n)
        name = rng.choice(self.names)
        sides = list(self.content_of_sides.get(name, ()))
        if sides and rng.random() < SIDE_SHARE:
            i = rng.randrange(len(sides))
            sides[i], kinds = mutations.mutated(rng, sides[i])
            data = self.content[name]
        else:
            data, kinds = mutations.mutated(rng, self.content[name])
        path = os.path.join(self.folder, f"{self.n:06}-{name}-{'-'.join(kinds)}"[:150])
        self.n += 1
        lay(path, data, sides)

    def lay_good(self):
        shutil.copy(self.good, os.path.join(self.folder, GOOD))

    def clear(self):
        shutil.rmtree(self.folder)
        os.makedirs(self.folder)


def lay(path, data, sides):
    with open(path, "wb") as f:
        f.write(data)
    for i, side in enumerate(sides):
        os.makedirs(path + ".side", exist_ok=True)
        with open(os.path.join(path + ".side", f"{i:03}"), "wb") as f:
            f.write(side)


def with_names(report, program):
    """A report's bare addresses, with what llvm-symbolizer makes of them."""
    def name(match):
        at = int(match.group(1), 16) - LOAD_BASE
        if not 0 <= at < 1 << 28:
            return match.group(0)
        r = subprocess.run(["llvm-symbolizer-14", "-s", "-p", "-e", program, hex(at)], capture_output=True, text=True,
                           check=False)
        return f"{match.group(0)} {r.stdout.strip().splitlines()[0] if r.stdout.strip() else ''}"
    return re.sub(r"0x(5555[0-9a-f]{8})\b", name, report)


def reports(stderr, program):
    """{file: what the sanitizers, or libc, said while it was read}"""
    found, name = {}, ""
    for part in re.split(r"^-- (.*)\n", stderr, flags=re.M)[1:]:
        if "\n" not in part and not name:
            name = part
            continue
        if part.strip():
            found[name] = with_names(part, program)
        name = ""
    return found


class Judge:
    """Gathers what hostile-run told of many folders."""

    def __init__(self, sanitized):
        self.program, self.sanitized = build_of(sanitized), sanitized
        self.n, self.reasons, self.faults = 0, {}, []
        self.most_cpu = self.most_rss = (0, "")

    def fault(self, folder, name, why):
        """The file is kept, for whoever looks into it."""
        path = os.path.join(folder, name)
        os.makedirs(KEEP, exist_ok=True)
        for kept in filter(os.path.exists, (path, path + ".side")):
            subprocess.run(["cp", "-r", "--sparse=always", kept, KEEP], check=False)
        self.faults.append(f"{name}: {why}")
        h.note(f"FAULT {name}: {why}")

    def run(self, folder, limit_s):
        """Every file of a folder."""
        try:
            done = subprocess.run([self.program, folder], capture_output=True, timeout=limit_s, check=False,
                                  stdin=subprocess.DEVNULL)
            out, err, status = done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as expired:
            out, err, status = expired.stdout or b"", expired.stderr or b"", "it hung"
        told = [json.loads(line) for line in out.decode(errors="replace").splitlines()]
        said = reports(err.decode(errors="replace"), self.program)
        for file in told:
            self.judge(folder, file, said.pop(file["file"], None))
        for name, report in said.items():
            self.fault(folder, name, f"status {status}: {report[:6000]}")
        if status != 0 and not said:
            names = sorted(e.name for e in os.scandir(folder) if e.is_file())
            self.fault(folder, names[len(told)] if len(told) < len(names) else "", f"hostile-run ends with {status}")
        return told

    def judge(self, folder, file, report):
        name, cpu, rss = file["file"], file["cpu_ms"], file["rss_kib"] / 1024
        self.n += 1
        key = (file["state"], file["reason"], file["debug"], file["debug_reason"])
        self.reasons[key] = self.reasons.get(key, 0) + 1
        self.most_cpu, self.most_rss = max(self.most_cpu, (cpu, name)), max(self.most_rss, (rss, name))
        if report or CRASHED in (file["reason"], file["debug_reason"]):
            self.fault(folder, name, f"{key}: {(report or 'no report')[:6000]}")
        elif file["state"] not in ("ready", "unreadable") or file["debug"] == "pending":
            self.fault(folder, name, f"ends as {key}")
        elif file["reason"] and file["reason"] not in REASONS:
            self.fault(folder, name, f"reason '{file['reason']}'")
        elif file["debug_reason"] and file["debug_reason"] not in DEBUG_REASONS:
            self.fault(folder, name, f"reason '{file['debug_reason']}'")
        if not self.sanitized:
            if cpu > CPU_MS + self.debug_budget_ms(folder, name):
                self.fault(folder, name, f"took {cpu} ms of CPU")
            if rss > LIMIT_MIB + MAPPED_MIB + os.stat(os.path.join(folder, name)).st_size / (1 << 20):
                self.fault(folder, name, f"had {rss:.0f} MiB")
        if name == GOOD and (file["state"] != "ready" or file["functions"] < 3):
            self.fault(folder, name, f"the good file is not read: {file}")

    @staticmethod
    def debug_budget_ms(folder, name):
        """40 ms a MiB of debug info, 120 s at most: for what can be told from outside, the size of the file. Bombs of a
        few bytes get what their sections claim, so only the most there is is known."""
        return 120000 if name.startswith("bomb-") else 40 * os.stat(os.path.join(folder, name)).st_size >> 20

    def check(self, name):
        h.check(name, not self.faults, "\n".join(self.faults)[:20000])
        self.faults = []

    def tell(self):
        for key, n in sorted(self.reasons.items(), key=lambda item: -item[1]):
            h.note(f"{n:6} {' '.join(word for word in key if word)}")
        h.note(f"most CPU: {self.most_cpu[0]} ms, {self.most_cpu[1]}; most memory: {self.most_rss[0]:.0f} MiB, "
               f"{self.most_rss[1]}")


def run_mutations(judge, n, first=0):
    corpus = Corpus(h.tmp("hostile-mutated"), first)
    while n > 0:
        for _ in range(min(n, BATCH)):
            corpus.draw()
        corpus.lay_good()
        judge.run(corpus.folder, HANG_S)
        corpus.clear()
        n -= BATCH
    os.rmdir(corpus.folder)


def run_bombs(judge, names=None):
    """One at a time, each with the good file behind it: some take all the time they are given."""
    folder = h.tmp("hostile-bombs")
    for name in names or bombs.ALL:
        os.makedirs(folder)
        bombs.write(folder, name)
        shutil.copy(seeds_good(), os.path.join(folder, GOOD))
        judge.run(folder, HANG_S)
        shutil.rmtree(folder)


def seeds_good():
    path = h.tmp("good")
    if not os.path.exists(path):
        seeds.run("gcc", "-shared", "-fPIC", "-O2", "-g", "-o", path, seeds.HERE / "seed.c")
    return path
