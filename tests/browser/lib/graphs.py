# SPDX-License-Identifier: Apache-2.0
"""Profiles made for the viewer, and what it has to show of them, worked out from their stacks alone.

    g = graphs.Graph()
    g.add(["main@app", "inflate@libz.so.1"], 30, service_name="api")     root first, function@library
    g.write(path)                      pprof; "@libfoo.so+0x12": a frame without a name; "push@app~": inlined into the
                                       frame before it
    g.total(), g.sums() -> {frame: (self, total)}, g.matched(regex), g.rows(), g.place(path)
All counts are of samples; a sample is PERIOD_NS of CPU time.
"""
import collections
import gzip
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "stores" / "lib")]
import proto  # noqa: E402

PERIOD_NS = 10_000_000
DURATION_NS = 10_000_000_000
TIME_NS = 1_764_000_000_000_000_000
ROW = 18  # CSS pixels, as in web/viewer/pane.js
INLINED = "~"
KERNEL, JIT = "[kernel.kallsyms]", "[jit]"


def name_of(frame):
    """What people call it."""
    function, _, library = frame.rstrip(INLINED).rpartition("@")
    return function or library


def library_of(frame):
    return frame.rstrip(INLINED).rpartition("@")[2].split("+")[0]


def locations_of(frames):
    """Each with what is inlined into it behind it."""
    locations = []
    for frame in frames:
        if frame.endswith(INLINED):
            locations[-1] += (frame[:-1],)
        else:
            locations.append((frame,))
    return locations


class Strings:
    """Names may be bytes that are no UTF-8."""

    def __init__(self):
        self.index = {b"": 0}

    def __call__(self, text):
        return self.index.setdefault(text if isinstance(text, bytes) else text.encode(), len(self.index))


class Graph:
    def __init__(self):
        self.stacks = []  # (frames, count, labels)
        self.comments = []

    def add(self, frames, count=1, **labels):
        self.stacks.append((tuple(frames), count, labels))
        return self

    def by(self, *keys):
        """With values of labels as roots."""
        g = Graph()
        for frames, count, labels in self.stacks:
            g.add([f"{k}: {labels.get(k, '(none)')}@" for k in keys] + list(frames), count)
        return g

    def total(self):
        return sum(count for _, count, _ in self.stacks)

    def sums(self, under=()):
        """Of each frame: what it has itself, and in total, recursion once; of the stacks that begin so."""
        own, total = collections.Counter(), collections.Counter()
        for frames, count, _ in self.stacks:
            if frames[:len(under)] != tuple(under):
                continue
            below = frames[max(len(under) - 1, 0):]
            own[below[-1]] += count
            for frame in set(below):
                total[frame] += count
        return {frame: (own[frame], total[frame]) for frame in total}

    def matched(self, regex, under=()):
        found = re.compile(regex, 0 if regex != regex.lower() else re.IGNORECASE)
        return sum(count for frames, count, _ in self.stacks if frames[:len(under)] == tuple(under) and
                   any(found.search(name_of(f)) or found.search(library_of(f))
                       for f in frames[max(len(under) - 1, 0):]))

    def tree(self):
        """{path: total}, the root is ()."""
        totals = collections.Counter()
        for frames, count, _ in self.stacks:
            for depth in range(len(frames) + 1):
                totals[frames[:depth]] += count
        return totals

    def place(self, path, width, zoomed=()):
        """(x, width, row) of a frame in a graph with its roots at the top: children in the order of names."""
        tree, path, zoomed = self.tree(), tuple(path), tuple(zoomed)
        if zoomed[:len(path)] == path:
            return 0, width, len(path)
        starts = {(): 0}
        for depth in range(1, len(path) + 1):
            parent, before = path[:depth - 1], starts[path[:depth - 1]]
            siblings = sorted((p for p in tree if len(p) == depth and p[:-1] == parent),
                              key=lambda p: (name_of(p[-1]).encode(), library_of(p[-1]).encode()))
            for sibling in siblings:
                if sibling == path[:depth]:
                    starts[sibling] = before
                before += tree[sibling]
        scale = width / tree[zoomed]
        return (starts[path] - starts[zoomed]) * scale, tree[path] * scale, len(path)

    def middle(self, path, width=1280, zoomed=()):
        """The point in the middle of a frame."""
        x, wide, row = self.place(path, width, zoomed)
        return x + wide / 2, row * ROW + ROW / 2

    def encode(self, time_ns=TIME_NS, duration_ns=DURATION_NS):
        strings, mappings, functions, locations, samples = Strings(), {}, {}, {}, []
        for frames, count, labels in self.stacks:
            ids = [self._location(l, mappings, functions, locations) for l in reversed(locations_of(frames))]
            pairs = [(3, proto.message((1, strings(k)), (2, strings(v)))) for k, v in sorted(labels.items())]
            samples.append((2, proto.message((1, ids), (2, [count, count * PERIOD_NS]), *pairs)))
        types = [proto.message((1, strings(kind)), (2, strings(unit)))
                 for kind, unit in (("samples", "count"), ("cpu", "nanoseconds"))]
        out = [(1, t) for t in types] + samples
        for library, ident in mappings.items():
            out.append((3, proto.message((1, ident), (2, ident << 32), (3, ident + 1 << 32), (5, strings(library)),
                                         (7, 1))))
        for frames, ident in locations.items():
            _, library, address = self._parts(frames[0])
            named = [self._parts(frame)[0] for frame in reversed(frames)]
            lines = [(4, proto.message((1, functions[name]), (2, 1))) for name in named if name]
            mapping = mappings.get(library, 0)
            out.append((4, proto.message((1, ident), (2, mapping), (3, address or ident), *lines)))
        for name, ident in functions.items():
            out.append((5, proto.message((1, ident), (2, strings(name)), (3, strings(name)), (4, strings("made.c")))))
        out += [(13, [strings(text) for text in self.comments])] if self.comments else []
        out += [(6, text) for text in strings.index]
        out += [(9, time_ns), (10, duration_ns), (11, types[1]), (12, PERIOD_NS)]
        return proto.message(*out)

    @staticmethod
    def _parts(frame):
        function, _, library = frame.rpartition("@")
        library, _, address = library.partition("+")
        return function, library, int(address, 16) if address else 0

    def _location(self, frames, mappings, functions, locations):
        for function, library, _ in map(self._parts, frames):
            if library:
                mappings.setdefault(library, len(mappings) + 1)
            if function:
                functions.setdefault(function, len(functions) + 1)
        return locations.setdefault(frames, len(locations) + 1)

    def compress(self, *when):
        return gzip.compress(self.encode(*when), 1, mtime=0)

    def write(self, path):
        pathlib.Path(path).write_bytes(self.compress())
        return path
