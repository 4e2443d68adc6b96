# SPDX-License-Identifier: Apache-2.0
"""A second reader of profile.proto, independent of pprof/: what the tests believe about a written file.

    p = pprof.read("x.pb.gz")           gzip, zstd (through zstd(1)) or raw bytes
    p.total()                           sum of the samples/count column
    for s in p.samples:
        s.count, s.values               values by sample type: {"samples": 3, "cpu": 30303030}
        s.names                         function names, ROOT FIRST ("" for an unnamed frame)
        s.frames                        the same as Frame(name, mapping, address, file, line), root first
        s.labels                        {"comm": "cat", "pid": 12}; a label that is there twice is an error
    p.ledger                            the sum of all ledger comments as {"due": 1, .., "lost": {..}, "truncated": {..},
                                        "frames": {..}, "windows": 1, "reduced_windows": 0, "down_ns": 0}
"""
import collections
import gzip
import re
import struct
import subprocess

Frame = collections.namedtuple("Frame", "name mapping address file line")
Mapping = collections.namedtuple("Mapping", "id start limit offset filename build_id flags")
COUNTS = ("due", "taken", "idle", "filtered", "in_profile", "idle_cpu", "throttled", "other")
LATER = ("frames.named", "frames.module_only", "frames.unreadable", "windows", "reduced_windows",
         "down_ns")  # older files lack them
GROUPS = ("lost", "truncated", "frames")


class Sample:
    def __init__(self, frames, values, labels):
        self.frames = frames
        self.names = [f.name for f in frames]
        self.values = values
        self.labels = labels

    @property
    def count(self):
        return self.values["samples"]

    @property
    def leaf(self):
        return self.names[-1] if self.names else ""

    @property
    def user(self):
        """The frames in files, not in the kernel or the vdso."""
        return [f for f in self.frames if f.mapping and not f.mapping.startswith("[")]

    @property
    def is_lost(self):
        """Nobody knows what the user's addresses lie in."""
        return not self.user and any(n in ("[truncated: no_mapping]", "[truncated: unknown_process]",
                                           "[truncated: sideband_lost]") for n in self.names)

    def has(self, *names):
        """All of these functions are in the stack."""
        return all(n in self.names for n in names)


class Profile:
    def __init__(self):
        self.samples, self.mappings, self.comments, self.sample_types = [], [], [], []
        self.locations = []  # (Mapping or None, address)
        self.time_ns = self.duration_ns = self.period = 0
        self.period_type = self.default_type = self.doc_url = None

    def total(self, kind="samples", keep=lambda sample: True):
        return sum(s.values[kind] for s in self.samples if keep(s))

    @property
    def ledgers(self):
        """By window id."""
        return dict(parse_ledger(c) for c in self.comments if c.startswith("ledger "))

    @property
    def ledger(self):
        total = None
        for one in self.ledgers.values():
            total = one if total is None else add_ledgers(total, one)
        return total


def parse_ledger(line):
    """("window id", counts) of a comment as pprof/ledger.c writes it; every field once, the fixed ones in order, at both
    ends."""
    words = line.split(" ")
    pairs = [w.split("=") for w in words[2:]]
    assert words[0] == "ledger" and all(len(p) == 2 and re.fullmatch(r"0|[1-9]\d*", p[1]) for p in pairs), line
    assert tuple(p[0] for p in pairs[: len(COUNTS)]) == COUNTS, line
    ledger = {name: int(n) for name, n in pairs[: len(COUNTS)]}
    ledger.update(lost={}, truncated={}, frames={}, windows=1, reduced_windows=0, down_ns=0)
    names = tuple(p[0] for p in pairs)
    assert LATER[0] not in names or names[-len(LATER):] == LATER, line
    assert len(set(names)) == len(names), line
    for name, n in pairs[len(COUNTS):]:
        group, _, reason = name.rpartition(".")
        (ledger[group] if group else ledger)[reason] = int(n)
    return words[1], ledger


def add_ledgers(a, b):
    result = {k: a[k] + b[k] for k in (*COUNTS, *(name for name in LATER if "." not in name))}
    for group in GROUPS:
        result[group] = dict(collections.Counter(a[group]) + collections.Counter(b[group]))
    return result


def imbalances(ledger):
    """The two equations of the ledger as their differences; both are 0 in a true one."""
    not_delivered = ledger["idle_cpu"] + ledger["throttled"] + ledger["other"]
    due = ledger["due"] - ledger["taken"] - not_delivered
    taken = (ledger["taken"] - ledger["idle"] - ledger["filtered"] - ledger["in_profile"]
             - sum(ledger["lost"].values()))
    return due, taken


def _varint(data, at):
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        assert shift < 70, "varint too long"


def _fields(data):
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:  # most are of one byte
            key, at = _varint(data, at - 1)
        kind = key & 7
        if kind == 0:
            value = data[at]
            at += 1
            if value >= 0x80:
                value, at = _varint(data, at - 1)
        elif kind == 2:
            size = data[at]
            at += 1
            if size >= 0x80:
                size, at = _varint(data, at - 1)
            value, at = data[at:at + size], at + size
            assert at <= end, "message cut"
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = struct.unpack("<Q" if kind == 1 else "<I", data[at:at + size])[0], at + size
        else:
            raise AssertionError(f"wire type {kind}")
        yield key >> 3, value


def _signed(n):
    return n - (1 << 64) if n >> 63 else n


def _numbers(value):
    """A repeated number: packed or one by one."""
    if isinstance(value, int):
        return [value]
    result, at = [], 0
    while at < len(value):
        n, at = _varint(value, at)
        result.append(n)
    return result


def _message(data):
    """Field number -> all its values."""
    fields = collections.defaultdict(list)
    for number, value in _fields(data):
        fields[number].append(value)
    return fields


def _one(message, number):
    return message[number][-1] if number in message else 0


def _by_id(messages):
    result = {}
    for m in messages:
        ident = _one(m, 1)
        assert ident != 0 and ident not in result, f"id {ident} is 0 or there twice"
        result[ident] = m
    return result


def _labels(messages, strings):
    labels = {}
    for label in map(_message, messages):
        key = strings[_one(label, 1)]
        assert key not in labels, f"label {key} twice"
        labels[key] = strings[_one(label, 2)] if _one(label, 2) else _signed(_one(label, 3))
    return labels


def _location_frames(location, functions, mappings, strings):
    """Root first: the caller comes before what was inlined into it."""
    mapping = mappings[_one(location, 2)].filename if _one(location, 2) else ""
    address = _one(location, 3)
    lines = [_message(line) for line in location[4]]
    if not lines:
        return [Frame("", mapping, address, "", 0)]
    frames = []
    for line in reversed(lines):
        function = functions[_one(line, 1)] if _one(line, 1) else collections.defaultdict(list)
        name, file = strings[_one(function, 2)], strings[_one(function, 4)]
        frames.append(Frame(name, mapping, address, file, _signed(_one(line, 2))))
    return frames


def decode(raw):
    """Of the uncompressed bytes. Every index is checked by use."""
    top = _message(raw)
    strings = [s.decode("utf-8") for s in top[6]]
    assert strings[:1] == [""], "string_table[0] is not empty"
    p = Profile()
    p.sample_types = [(strings[_one(t, 1)], strings[_one(t, 2)]) for t in map(_message, top[1])]
    names = [t[0] for t in p.sample_types]
    mappings = {
        i: Mapping(i, _one(m, 2), _one(m, 3), _one(m, 4), strings[_one(m, 5)], strings[_one(m, 6)],
                   tuple(bool(_one(m, n)) for n in (7, 8, 9, 10)))
        for i, m in _by_id(map(_message, top[3])).items()
    }
    functions, by_id = _by_id(map(_message, top[5])), _by_id(map(_message, top[4]))
    locations = {i: _location_frames(m, functions, mappings, strings) for i, m in by_id.items()}
    p.locations = [(mappings[_one(m, 2)] if _one(m, 2) else None, _one(m, 3)) for m in by_id.values()]
    p.mappings = list(mappings.values())
    known_labels = {}  # by their bytes: many samples have the same
    for m in map(_message, top[2]):
        ids = [n for v in m[1] for n in _numbers(v)]
        values = [_signed(n) for v in m[2] for n in _numbers(v)]
        assert len(values) == len(names), "a sample without one value for each type"
        frames = [f for i in reversed(ids) for f in locations[i]]
        labels = known_labels.get(key := tuple(m[3]))
        if labels is None:
            labels = known_labels[key] = _labels(m[3], strings)
        p.samples.append(Sample(frames, dict(zip(names, values)), dict(labels)))
    p.comments = [strings[n] for v in top[13] for n in _numbers(v)]
    p.time_ns, p.duration_ns, p.period = (_signed(_one(top, n)) for n in (9, 10, 12))
    if 11 in top:
        kind = _message(top[11][-1])
        p.period_type = (strings[_one(kind, 1)], strings[_one(kind, 2)])
    p.default_type, p.doc_url = strings[_one(top, 14)], strings[_one(top, 15)]
    return p


def unpack(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def read(path):
    with open(path, "rb") as f:
        return decode(unpack(f.read()))


def read_folded(text):
    """{(root, .., leaf): count} of folded text; the same stack twice is an error."""
    stacks = {}
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        key = tuple(stack.split(";"))
        assert key not in stacks, f"stack twice: {stack}"
        stacks[key] = int(count)
    return stacks
