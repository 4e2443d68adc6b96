# SPDX-License-Identifier: Apache-2.0
"""What is compared: the samples of a profile, however a store keeps them.

    {labels: {stack: value}}      labels: a frozenset of (name, value); a stack: function names, LEAF FIRST
Samples of the same labels and stack are summed, those of value 0 left out.
"""
import collections
import gzip
import os

import pprof
import proto
import suite


def add(samples, labels, stack, value):
    if value:
        samples.setdefault(frozenset(labels.items()), collections.Counter())[tuple(stack)] += value


def place(frame):
    """As flat rows name a frame that has no name: its file and the address in it."""
    return frame.name or f"{os.path.basename(frame.mapping)}+{frame.address:#x}"


def of_profile(profile, kind, name_of=lambda frame: frame.name):
    """Of a pprof.Profile, its sample type of that name; string labels only."""
    samples = {}
    for s in profile.samples:
        labels = {k: v for k, v in s.labels.items() if isinstance(v, str)}
        add(samples, labels, map(name_of, reversed(s.frames)), s.values[kind])
    return samples


def total(samples):
    return sum(values.total() for values in samples.values())


def without_labels(samples, *names):
    """As a store keeps them that drops these labels."""
    result = {}
    for labels, values in samples.items():
        for stack, value in values.items():
            add(result, {k: v for k, v in labels if k not in names}, stack, value)
    return result


def with_labels(samples, **more):
    result = {}
    for labels, values in samples.items():
        for stack, value in values.items():
            add(result, dict(labels) | more, stack, value)
    return result


def times(samples, n):
    return {labels: collections.Counter({stack: n * value for stack, value in values.items()})
            for labels, values in samples.items()}


def difference(expected, got):
    """"" when they are equal; else what a reader of a failed test needs."""
    if expected == got:
        return ""
    lines = [f"total {total(expected)} expected, {total(got)} got"]
    for text, one, other in (("missing", expected, got), ("not expected", got, expected)):
        labels = [dict(x) for x in one if x not in other]
        if labels:
            lines.append(f"{len(labels)} label sets {text}: {labels[:2]}")
    for labels in expected.keys() & got.keys():
        for stack in expected[labels].keys() | got[labels].keys():
            if expected[labels][stack] != got[labels][stack]:
                lines.append(f"{dict(labels)} {stack}: {expected[labels][stack]} expected, {got[labels][stack]} got")
                if len(lines) > 8:
                    return "; ".join(lines)
    return "; ".join(lines)


class Strings:
    def __init__(self):
        self.index = {"": 0}

    def __call__(self, text):
        return self.index.setdefault(text, len(self.index))


def encode(samples, time_ns, duration_ns, period_ns):
    """An uncompressed pprof of samples whose values are counts, as cpuhound writes it: samples/count, cpu/nanoseconds.
    The three names that are given to a location at once are inlined into each other."""
    strings, functions, locations, encoded = Strings(), {}, {}, []
    for labels, values in samples.items():
        pairs = [(3, proto.message((1, strings(k)), (2, strings(v)))) for k, v in sorted(labels)]
        for stack, count in values.items():
            ids = []
            for frames in locations_of(stack):
                for name in frames:
                    functions.setdefault(name, len(functions) + 1)
                ids.append(locations.setdefault(frames, len(locations) + 1))
            encoded.append((2, proto.message((1, ids), (2, [count, count * period_ns]), *pairs)))
    types = [proto.message((1, strings(name)), (2, strings(unit))) for name, unit in (("samples", "count"),
                                                                                      ("cpu", "nanoseconds"))]
    mapping = proto.message((1, 1), (2, 0x1000), (3, 0x200000), (5, strings("/usr/bin/shop")), (6, strings("c0ffee")),
                            (7, 1))
    out = [(1, t) for t in types] + encoded + [(3, mapping)]
    for frames, ident in locations.items():
        lines = [(4, proto.message((1, functions[name]), (2, 10 + i))) for i, name in enumerate(frames)]
        out.append((4, proto.message((1, ident), (2, 1), (3, 0x1000 + 16 * ident), *lines)))
    for name, ident in functions.items():
        out.append((5, proto.message((1, ident), (2, strings(name)), (3, strings(name)), (4, strings("shop.c")))))
    out += [(6, text) for text in strings.index]
    out += [(9, time_ns), (10, duration_ns), (11, types[1]), (12, period_ns)]
    return proto.message(*out)


def locations_of(stack):
    """A function whose name starts with "inline" lies in the location of its caller."""
    frames = []
    for name in stack:
        frames.append(name)
        if not name.startswith("inline"):
            yield tuple(frames)
            frames = []
    if frames:
        yield tuple(frames)


def made(time_ns, duration_ns=suite.DURATION_NS, period_ns=suite.PERIOD_NS):
    """A profile with what may go wrong on the way: the same stack in two services, inlined functions, names that are no
    ASCII, deep recursion, labels of bytes that URLs and queries quote. (its samples by count, its pprof)"""
    result = {}
    shop = {"service_name": "checkout", "container": "main", "pod": "checkout-0", "comm": "worker"}
    cart = {"service_name": "cart", "container": "main", "pod": "cart-0", "comm": "worker"}
    add(result, shop, ["memcpy", "inline_copy", "handle", "main"], 7)
    add(result, shop, ["handle", "main"], 2)
    add(result, shop, ["größe::计算<int, char>", "handle", "main"], 3)
    add(result, shop, ["recurse"] * 90 + ["main"], 5)
    add(result, cart, ["memcpy", "inline_copy", "handle", "main"], 11)
    add(result, cart, ["[kernel.kallsyms]+0x12", "read", "main"], 1)
    add(result, shop | {"comm": 'a "b"\\c, {d}=e/f%20'}, ["handle", "main"], 4)
    add(result, {"service_name": "cron", "comm": "sh"}, ["_start"], 1)
    return result, gzip.compress(encode(result, time_ns, duration_ns, period_ns), mtime=0)


def many(time_ns, n=20000):
    """(its samples by count, its pprof): so many stacks of one service, deep enough for several megabytes."""
    result = {}
    for i in range(n):
        deeper = [f"level_{i % 13}_{depth}" for depth in range(30)]
        stack = [f"leaf_{i}", f"inline_{i % 211}", f"caller_{i % 97}", *deeper, "main"]
        add(result, {"service_name": "many", "comm": "worker"}, stack, i % 3 + 1)
    return result, gzip.compress(encode(result, time_ns, suite.DURATION_NS, suite.PERIOD_NS), mtime=0)


def decoded(data, kind):
    return of_profile(pprof.decode(pprof.unpack(data)), kind)
