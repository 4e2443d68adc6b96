# SPDX-License-Identifier: Apache-2.0
"""`cpuhound symbolize` beside llvm-symbolizer: the same addresses of the same file, frame by frame."""
import collections
import json
import os
import random
import shutil
import struct
import subprocess

import harness as h

Frame = collections.namedtuple("Frame", "function file line")
SHT_SYMTAB, SHT_DYNSYM, STT_FUNC, STT_IFUNC = 2, 11, 2, 10
REQUIRED = 0.999


def llvm_symbolizer():
    """(the newest command that is here, its version); None: none is."""
    for version in (19, 18, 17, 16, 15, 14):
        found = shutil.which(f"llvm-symbolizer-{version}")
        if found:
            return found, version
    return None


def debug_file(path):
    """Where the debug info of an installed file lies."""
    ids = [line.split()[-1] for line in h.run("readelf", "-n", path).stdout.splitlines() if "Build ID" in line]
    return f"/usr/lib/debug/.build-id/{ids[0][:2]}/{ids[0][2:]}.debug" if ids else None


Function = collections.namedtuple("Function", "name start size")


def functions(path):
    """Of the symbol tables."""
    with open(path, "rb") as f:
        data = f.read()
    shoff, = struct.unpack_from("<Q", data, 40)
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    for i in range(shnum):
        _, kind, _, _, offset, size, link = struct.unpack_from("<IIQQQQI", data, shoff + i * shentsize)
        if kind not in (SHT_SYMTAB, SHT_DYNSYM):
            continue
        names, = struct.unpack_from("<Q", data, shoff + link * shentsize + 24)
        for name, info, _, shndx, value, n_bytes in struct.iter_unpack("<IBBHQQ", data[offset:offset + size // 24 * 24]):
            if info & 15 in (STT_FUNC, STT_IFUNC) and shndx and n_bytes and value:
                yield Function(data[names + name:data.index(0, names + name)].decode().split("@")[0], value, n_bytes)


def addresses(all_functions, n, seed=5):
    """n of them: half where code is, half where functions are, so that large ones do not take it all."""
    rng, found, all_functions = random.Random(seed), set(), sorted({f[1:] for f in all_functions})
    weights = [size for _, size in all_functions]
    total = sum(weights)
    n = min(n, total // 2)
    for start, size in rng.choices(all_functions, weights, k=n // 2) + rng.choices(all_functions, k=n):
        if len(found) < n:
            found.add(start + rng.randrange(size))
    while len(found) < n:
        start, size = rng.choices(all_functions, weights)[0]
        found.add(start + rng.randrange(size))
    return sorted(found)


def ask(command, wanted):
    """The lines of JSON for the addresses, one each."""
    text = "".join(f"{a:#x}\n" for a in wanted)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert len(lines) == len(wanted), (command, done.returncode, len(lines), len(wanted), done.stderr[-1000:])
    return [json.loads(line) for line in lines]


def theirs(command, path, wanted):
    answers = ask([command, "-e", str(path), "--inlines", "--output-style=JSON", "--no-demangle"], wanted)
    return [[frame(s["FunctionName"], s["FileName"], s["Line"]) for s in a.get("Symbol", ())] for a in answers]


def frame(function, file, line):
    """Without a line, newer ones tell what STT_FILE says of the symbol: a file, but in no directory. And some debug files
    have a symbol's version as part of its name, which we leave out."""
    name, at, version = function.partition("@")
    return Frame(name if at and version != "plt" else function, "" if line == 0 and "/" not in file else file, line)


def ours(path, wanted, *options):
    answers = ask([h.CPUHOUND, "symbolize", "-e", str(path), "--json", "--no-demangle", "--cache-dir", h.CACHE, *options],
                  wanted)
    return [[Frame(f.get("linkage_name") or f.get("function") or "", f.get("file") or "", f.get("line") or 0)
             for f in a["frames"]] or [Frame("", "", 0)] for a in answers]


NAME_BYTES = 1024  # SYMBOL_NAME_BYTES of symbolizer/symbols.h
ALIAS = "another of several symbols at one address"


def difference(a, b, starts):
    """What kind of difference: the first that applies; None: there is none. starts: {symbol: its addresses}"""
    if a == b:
        return None
    if a == [f._replace(function=f.function[:NAME_BYTES]) for f in b]:
        return "a name cut at its documented length"
    if a[:-1] == b[:-1] and a[-1][1:] == b[-1][1:] and starts[a[-1].function] & starts[b[-1].function]:
        return ALIAS
    if [f.function for f in a] != [f.function for f in b]:
        if len(a) != len(b):
            return "missing inlined calls" if len(a) < len(b) else "more inlined calls"
        if [f.function for f in a[:-1]] == [f.function for f in b[:-1]]:
            return "another name of the outermost function"
        return "another name of an inlined function"
    if [f.line for f in a] != [f.line for f in b]:
        inner = a[0].line != b[0].line
        if inner and 0 in (a[0].line, b[0].line):
            return "a line where the other has none"
        return "another line" if inner else "another line of a call"
    return "another file"


class Verdict(collections.namedtuple("Verdict", "n n_same classes")):
    """classes: {kind: [(address, ours, theirs)]}"""

    def holds(self):
        """Which of several names of one address is told is a matter of taste: both are right."""
        return self.n_same + len(self.classes.get(ALIAS, ())) >= REQUIRED * self.n


def compare(path, oracle_path, command, n):
    all_functions = list(functions(oracle_path))
    wanted = addresses(all_functions, n)
    classes, starts = collections.defaultdict(list), collections.defaultdict(set)
    for f in all_functions:
        starts[f.name].add(f.start)
    for address, a, b in zip(wanted, ours(path, wanted), theirs(command, oracle_path, wanted)):
        kind = difference(a, b, starts)
        if kind:
            classes[kind].append((address, a, b))
    return Verdict(len(wanted), len(wanted) - sum(map(len, classes.values())), classes)


def shown(frames):
    return " < ".join(f"{f.function or '??'} {f.file or '??'}:{f.line}" for f in frames)


def tell(name, verdict, examples=1):
    h.note(f"{name}: {verdict.n_same} of {verdict.n} identical ({100 * verdict.n_same / verdict.n:.3f} %)")
    for kind, all_ in sorted(verdict.classes.items(), key=lambda item: -len(item[1])):
        h.note(f"  {len(all_)} {kind}")
        for address, a, b in all_[:examples]:
            h.note(f"    {address:#x}")
            h.note(f"      ours   {shown(a)[:900]}")
            h.note(f"      theirs {shown(b)[:900]}")
