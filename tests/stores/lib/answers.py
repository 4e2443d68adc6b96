# SPDX-License-Identifier: Apache-2.0
"""A small fleet whose windows lie in a store and were pushed to a server: both must give the same answers.

    fleet = answers.Fleet()
    fleet.push("clickhouse+http://..", "--set", ..)       every window of it
    fleet.server = ["--store", "clickhouse+http://..", ..]
    fleet.same_stacks(); fleet.same_hogs(); fleet.same_matchers()
"""
import json
import os
import pathlib
import time

import harness as h
import hub
import suite

N_WINDOWS = 6
ODD = 'a "b"\\c, {d}=e/f%20\t'
HOSTILE = ("' OR 1=1 --", "\\", "\\'", "%", "a%", "{value0:String}", '"} or {x="', "größe", "\t")
MATCHERS = ("service=checkout", "service!=checkout", "service=~c.*|nothing", "service!~che.*", "service=~heck",
            "host=web-2", "container=", "container!=", "container=~", "comm=~a.*\\\\.*", f"comm={ODD}", f"comm!={ODD}",
            "nothing=", "nothing=~.+", "host=nowhere", *(f"comm={value}" for value in HOSTILE))


def samples_of(host, i, last):
    shop = {"service_name": "checkout", "container": "main", "comm": "worker"}
    return [(["memcpy", "handle", "main"], 7 + i, shop),
            (["handle", "main"], 2, shop | {"comm": ODD}),
            (["größe::计算", "handle", "main"], 3 * i + 1, shop | {"version": f"v{i % 2}"}),
            (["recurse"] * 90 + ["main"], 5 if host == "web-1" else 55, shop),
            (["memcpy", "handle", "main"], 11, {"service_name": "cart", "comm": "größe"}),
            (["[truncated: no_rows]", "libz.so.1+0x12"], 1, last)]


class Fleet:
    """Windows of web-1 and web-2 in the store of a hub, and one that was recorded. last: labels of some samples."""

    def __init__(self, **last):
        self.start_ns = (time.time_ns() // hub.NS - 120) * hub.NS
        with hub.Hub("hub") as b:
            for host in ("web-1", "web-2"):
                for i in range(N_WINDOWS):
                    body = hub.window(samples_of(host, i, last or {"comm": "sh"}), self.start_ns + 10 * hub.NS * i)
                    assert b.push(body, host=host)[0] == 200
            if suite.recorded():
                path, profile = suite.recorded()
                host = next(s.labels["host"] for s in profile.samples)
                answer = b.push(pathlib.Path(path).read_bytes(), host=host)
                assert answer[0] == 200, answer
            b.stop()
            self.directory = ["--store", b.store]
        # Where all this took a minute, the hub has merged files beside them already.
        self.files = sorted(str(p) for p in pathlib.Path(b.store, "windows").glob("**/*.pb.zst"))
        self.server = []

    def push(self, to, *options):
        suite.pushed("the fleet's windows", h.cpuhound("push", "--to", to, *options, *self.files))

    def both(self, *args):
        """(of the store, of the server)."""
        args = [*args] if "--since" in args else [*args, "--since", "1h"]
        return [h.cpuhound(*args, *where) for where in (self.directory, self.server)]

    def same_stacks(self, *args, name="stacks"):
        got = self.both("export", "-o", "-", "--format", "folded", "--by", "service,host,comm", *args)
        lines = [sorted(r.stdout.splitlines()) for r in got]
        extra = [sorted(set(a) - set(b))[:3] for a, b in (lines, lines[::-1])]
        h.check(f"{name}: the same", got[0].rc == got[1].rc and lines[0] == lines[1], (*extra, got[1].stderr))
        return lines[1]

    def same_matchers(self):
        for matcher in MATCHERS:
            self.same_stacks(matcher, name=repr(matcher))
        self.same_stacks("service=checkout", "comm!=worker", "host=~web-.", name="three matchers")

    def same_times(self):
        for since, until in ((0, 30), (10, 20), (30, 10**6), (60, 90)):
            times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start_ns // hub.NS + s))
                     for s in (since, until)]
            self.same_stacks("--since", times[0], "--until", times[1], "host=~web.*",
                             name=f"windows from {since} to {until} s")

    def same_hosts(self):
        """Also those of which no sample is asked for."""
        got = [json.loads(r.stdout)["recorded"]["hosts"] for r in self.both("hogs", "--json", "service=checkout")]
        for key, name, most_ns in (("wall_ns", "hosts were recorded for the same time", 10**5),
                                   ("end_ns", "until the same time", 10**9)):
            ours, theirs = ({host["host"]: host[key] for host in hosts} for hosts in got)
            h.check(name, len(ours) > 1 and ours.keys() == theirs.keys() and
                    all(abs(ours[x] - theirs[x]) <= most_ns for x in ours), (ours, theirs))

    def same_hogs(self, *keys, cores):
        for by in keys:
            got = self.both("hogs", "--json", "--by", by, "-n", "100000")
            if not h.check(f"hogs --by {by}", got[0].rc == got[1].rc == 0, got[1]):
                continue
            groups = [table_of(json.loads(r.stdout), cores) for r in got]
            wrong = [(k, groups[0].get(k), groups[1].get(k)) for k in groups[0].keys() | groups[1].keys()
                     if not is_close(groups[0].get(k), groups[1].get(k))]
            h.check(f"hogs --by {by}: the same {len(groups[0])} groups", groups[0] and not wrong, wrong[:5])


    def same_over_http(self):
        """What the page asks for (tests/e2e/ask.c): groups, a timeline, labels and their values."""
        token = [f"TOKEN_FILE={self.server[3]}"] if len(self.server) > 2 else []

        def ask(kind, *args):
            got = [h.run(os.path.join(h.BUILD, "tests/e2e/ask"), *where, *more)
                   for where, more in (((self.directory[1], kind), args), ((self.server[1], kind), (*args, *token)))]
            if not h.check(f"{kind} {' '.join(args)}", [r.rc for r in got] == [0, 0], got[1]):
                return {}, {}
            return [json.loads(r.stdout) for r in got]

        ours, theirs = ask("timeline", "since=10m", "match=host=~web.*")
        sums = [{g["name"][0]: sum(c * a["step_ns"] for c in g["cores"] if c) for g in a["groups"]}
                for a in (ours, theirs)]
        h.check("timeline: the same CPU time", sums[0] and sums[0].keys() == sums[1].keys() and
                all(abs(sums[1][k] / sums[0][k] - 1) < 0.6 for k in sums[0]), sums)
        h.check("timeline: no more steps than are asked for", theirs.get("n_steps", 99) <= 24, theirs)
        ours, theirs = ask("labels", "since=10m", "key=service", "prefix=c")
        values = [{v["value"] for v in a["values"]} for a in (ours, theirs)]
        h.check("values of a label", values[0] >= {"cart", "checkout"} and values[0] == values[1], values)
        ours, theirs = ask("labels", "since=10m")
        names = [{v["name"] for v in a["labels"]} for a in (ours, theirs)]
        h.check("names of labels", {"host", "service_name", "container", "comm"} <= names[0] & names[1], names)


def table_of(answer, cores):
    """{key: [samples, cpu_ns, cores, .. of what goes through it, the kernel's share]}. No build id goes over the wire:
    of libraries with one name only what they burn themselves adds up."""
    table = {}
    for g in answer["groups"]:
        key = tuple(sorted((k, v) for k, v in g["key"].items() if k != "build_id"))
        row = [g["self"]["n_samples"], g["self"]["cpu_ns"], g["self"]["cores"] if cores else 0]
        if "build_id" not in g["key"]:
            row += [g["total"]["n_samples"], g["total"]["cpu_ns"], g["kernel_share"] or 0]
        table[key] = [a + b for a, b in zip(table.get(key, [0] * len(row)), row)]
    return table


def is_close(a, b):
    return bool(a and b) and all(abs(x - y) <= 1e-6 * max(abs(x), abs(y)) for x, y in zip(a, b, strict=True))
