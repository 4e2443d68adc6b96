# SPDX-License-Identifier: Apache-2.0
"""A real `cpuhound serve` for a test, and windows that are made from nothing, to push to it.

    with hub.Hub("plain") as b:
        status, text = b.push(hub.window(), host="web-1")      as the contract in uploader/target-http.c has it
        b.windows()                                            what it lists
        b.counter("hub_requests_total", "taken")
"""
import gzip
import http.client
import json
import os
import re
import signal
import time
import uuid

import agent
import harness as h

NS = 10**9
TYPE = "application/vnd.google.protobuf+gzip"
PERIOD_NS = 52631578
LEDGER = ("due={n} taken={n} idle=0 filtered=0 in_profile={n} idle_cpu=0 throttled=0 other=0 "
          "frames.named=0 frames.module_only=0 frames.unreadable=0 windows=1 reduced_windows=0 down_ns=0")


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


class _Strings(dict):
    def __missing__(self, text):
        self[text] = len(self)
        return self[text]


def profile(samples, start_ns, duration_ns=10 * NS, comments=(), period=PERIOD_NS):
    """profile.proto of [(names, leaf first, count, {label: value})], uncompressed."""
    strings = _Strings({"": 0})
    functions, out, body = {}, b"", b""

    def value_type(kind, unit):
        return field(1, strings[kind]) + field(2, strings[unit])

    out += field(1, value_type("samples", "count")) + field(1, value_type("cpu", "nanoseconds"))
    for names, count, labels in samples:
        ids = b"".join(varint(functions.setdefault(n, len(functions) + 1)) for n in names)
        one = field(1, ids) + field(2, varint(count) + varint(count * period))
        for key, value in labels.items():
            kind = field(3, value) if isinstance(value, int) else field(2, strings[value])
            one += field(3, field(1, strings[key]) + kind)
        body += field(2, one)
    out += body
    for name, number in functions.items():
        out += field(4, field(1, number) + field(3, 0x1000 + number) + field(4, field(1, number)))
        out += field(5, field(1, number) + field(2, strings[name]))
    last = field(11, value_type("cpu", "nanoseconds")) + field(12, period)
    last += b"".join(field(13, strings[c]) for c in comments)
    strings_out = b"".join(field(6, s.encode()) for s in strings)
    return out + strings_out + field(9, start_ns) + field(10, duration_ns) + last


def now_ns():
    return time.time_ns()


def window(samples=((("work", "main"), 19, {"service_name": "api"}),), start_ns=None, duration_ns=10 * NS, ledger=True,
           packed=True):
    """The body of a push."""
    start_ns = start_ns or now_ns() - 60 * NS
    line = f"ledger {uuid.uuid4().hex} " + LEDGER.format(n=sum(count for _, count, _ in samples))
    raw = profile(samples, start_ns, duration_ns, [line] if ledger else [])
    return gzip.compress(raw) if packed else raw


class Hub:
    """text: of its configuration file. wrap: a command before it. view: it only shows what is there."""

    def __init__(self, name, text="", wrap=(), waits=True, view=None, **settings):
        self.dir = h.tmp(name)
        os.makedirs(self.dir, exist_ok=True)
        self.store = os.path.join(self.dir, "store")
        self.config = os.path.join(self.dir, "cpuhound.conf")
        self.configure(text)
        self.port = agent.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = os.path.join(self.dir, "log")
        self.command = [*wrap, h.CPUHOUND, "serve", "--config", self.config, "--listen", f"127.0.0.1:{self.port}"]
        self.command += ["--view", view] if view else ["--store", self.store]
        sets = {k.replace("__", "."): v for k, v in settings.items()}
        self.command += [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        self.start(waits)

    def configure(self, text):
        with open(self.config, "w", encoding="ascii") as f:
            f.write(text)

    def start(self, waits=True):
        with open(self.log, "ab") as log:
            self.process = h.start(*self.command, stdout=log, stderr=log)
        if waits and not h.until(lambda: self.get("/readyz")[0] in (200, 401) or self.process.poll() is not None):
            raise RuntimeError("the hub does not start: " + self.said())
        if waits and self.process.poll() is not None:
            raise RuntimeError(f"the hub ended with {self.process.returncode}: {self.said()}")

    def reload(self, text):
        self.configure(text)
        before = self.metric("config_last_reload_timestamp_seconds")
        self.process.send_signal(signal.SIGHUP)
        return h.until(lambda: self.metric("config_last_reload_timestamp_seconds") not in (None, before))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        return h.finish(self.process, signal.SIGTERM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        h.stop(self.process)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def ask(self, method, path, body=None, headers=None, source=None):
        """(status, text, headers); (0, why, {}) where nobody answers. source: the address that asks."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=h.HANG_S,
                                       source_address=source and (source, 0))
        try:
            c.request(method, path, body, headers or {})
            answer = c.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        except OSError as e:
            return 0, str(e).encode(), {}
        finally:
            c.close()

    def get(self, path, token=None):
        status, body, _ = self.ask("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return status, body.decode(errors="replace")

    def push(self, body, host="web-1", batch=None, part=0, token=None, whole=False, **headers):
        """(status, line); whole: and the headers."""
        sent = {"Content-Type": TYPE, "Cpuhound-Batch": batch or uuid.uuid4().hex, "Cpuhound-Part": str(part),
                "Cpuhound-Host": host, "Cpuhound-Start": "1", "Cpuhound-End": "2"}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        sent.update({k.replace("_", "-"): v for k, v in headers.items()})
        status, text, got = self.ask("POST", "/api/v1/windows", body, {k: v for k, v in sent.items() if v is not None})
        line = text.decode(errors="replace").strip()
        return (status, line, got) if whole else (status, line)

    def windows(self, query="", token=None):
        status, text = self.get("/api/v1/windows" + query, token)
        assert status == 200, (status, text)
        return json.loads(text)["windows"]

    def metric(self, name, label=None):
        m = re.search(rf"^cpuhound_{name}{'' if label is None else rf'.[a-z]+=.{label}..'} (\S+)$",
                      self.get("/metrics")[1], re.M)
        return float(m[1]) if m else None

    def counter(self, name, label=None):
        return int(self.metric(name, label))

    def outcome(self, name):
        return self.counter("hub_requests_total", name)

    def children(self):
        """{"intake": pid, ...} by the names of the processes."""
        pids = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                stat = open(f"/proc/{entry}/stat", encoding="ascii", errors="replace").read()
            except OSError:
                continue
            name, rest = re.match(r"\d+ \((.*)\) (.*)", stat, re.S).groups()  # odd names are about
            if int(rest.split()[1]) == self.process.pid:
                pids.setdefault(name, int(entry))
        return pids
