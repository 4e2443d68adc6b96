# SPDX-License-Identifier: Apache-2.0
"""A central store that plays a script of faults, for tests of uploads.

    with fault_store.Store(["503", "rst_after"]) as s:      then it takes everything
        s.url, s.requests, s.taken, s.windows()

Each request that arrives whole is in `requests`; what the store takes is in `taken` (a lost reply is: it was taken). A
script is a list of faults, one a request, or a function of (number, Request) that gives one, None for none.
"""
import collections
import contextlib
import gzip
import random
import re
import socket
import ssl
import struct
import threading
import time

Request = collections.namedtuple("Request", "time method path headers body")
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 429: "Too Many Requests", 500: "Internal Server Error"}
ENDLESS_BYTES = 10_000_000_000


class Store:
    def __init__(self, script=(), tls=None, context=None, listens=True):
        self.script = script if callable(script) else lambda n, _: script[n] if n < len(script) else None
        self.context = context
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.requests, self.taken = [], []
        self.lock = threading.Lock()
        self.is_open = False
        self.port = 0
        if listens:
            self.open()
        else:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]

    def open(self):
        self.listening = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listening.getsockname()[1]
        self.is_open = True
        threading.Thread(target=self._accept, args=(self.listening,), daemon=True).start()

    def close(self):
        """Nobody listens any more: connections are refused."""
        if self.is_open:
            self.is_open = False
            with contextlib.suppress(OSError):
                self.listening.shutdown(socket.SHUT_RDWR)
            self.listening.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://localhost:{self.port}/push"

    def windows(self):
        """How often each window was taken: of the functions window_N_ that test profiles have."""
        n = collections.Counter()
        for r in self.taken:
            n.update({int(w) for w in re.findall(rb"window_(\d+)_", plain(r.body))})
        return n

    def _accept(self, listening):
        while self.is_open:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError), contextlib.closing(connection):
            connection.settimeout(60)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            reader = connection.makefile("rb")
            while self._serve_one(connection, reader):
                pass

    def _serve_one(self, connection, reader):
        line = reader.readline().decode("latin-1")
        if not line or not self.is_open:
            return False
        if len(line.split()) != 3:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return False
        method, path, _ = line.split()
        headers = {}
        while (header := reader.readline().decode().strip()):
            name, value = header.split(":", 1)
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        body = reader.read(size)
        if len(body) != size:
            return False
        request = Request(time.monotonic(), method, path, headers, body)
        with self.lock:
            fault = self.script(len(self.requests), request)
            self.requests.append(request)
            if fault is None or fault in ("rst_after", "half_close", "silence", "slow", "endless"):
                self.taken.append(request)
        return play(connection, fault)


def plain(body):
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def play(connection, fault):
    """Answers, or does not. False: the connection has ended."""
    if fault in ("rst_after", "rst_before"):
        reset(connection)
    elif fault == "half_close":
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # the client sees the end, and goes
    elif fault == "silence":
        connection.recv(1)
    elif fault == "slow":
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"y" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(1)
    elif fault == "endless":
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {ENDLESS_BYTES}\r\n\r\n".encode())
        for _ in range(ENDLESS_BYTES >> 20):
            connection.sendall(bytes(1 << 20))
    elif fault == "garbage":
        connection.sendall(b"220 mail.example.com ESMTP\r\n")
    else:
        return answer(connection, fault or "200")
    return False


def answer(connection, text):
    """Such as "429 Retry-After: 7"."""
    code, _, header = text.partition(" ")
    status = int(code)
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"] + ([header] if header else [])
    body = b"" if status < 300 else f"the reason of {status}".encode()
    lines += [f"Content-Length: {len(body)}", "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)
    return True


def at_random(seed, share, *faults):
    """A script in which this share of requests meets one of these."""
    dice = random.Random(seed)
    return lambda *_: dice.choice(faults) if dice.random() < share else None
