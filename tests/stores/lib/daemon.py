# SPDX-License-Identifier: Apache-2.0
"""A server on loopback, with a folder of its own, that ends with the test, whatever becomes of it.

    class Parca(daemon.Daemon):
        def command(self): return [..]     # of self.dir, self.ports
        def is_ready(self): return bool
    with Parca() as parca: ...
"""
import os
import pathlib
import socket

import curl
import harness as h

READY_S = 60  # a guard: the slowest is ready in a few seconds


def free_ports(n):
    """Of loopback, all different. Nobody holds them until the server does: a start is tried again when it fails."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Daemon:
    N_PORTS = 1
    TRIES = 3

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(h.tmp(name))
        self.process = None
        self.ports = []

    @property
    def port(self):
        return self.ports[0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self):
        """Also again, after stop(): same folder, same ports."""
        with open(self.dir / "log", "ab") as log:
            # the kernel ends it when this test is killed
            self.process = h.start("setpriv", "--pdeathsig", "KILL", *self.command(), stdout=log, stderr=log,
                                   cwd=self.dir, env=os.environ | self.environment())
        h.until(lambda: self.process.poll() is not None or self.is_ready(), READY_S)
        return self.process.poll() is None and self.is_ready()

    def stop(self):
        h.stop(self.process)

    def log(self):
        return (self.dir / "log").read_text(errors="replace")[-3000:]

    def __enter__(self):
        self.dir.mkdir()
        for _ in range(self.TRIES):
            self.ports = free_ports(self.N_PORTS)
            if self.start():
                return self
            self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log()}")

    def __exit__(self, *_):
        self.stop()


def answers(url, status=200):
    """For is_ready()."""
    return curl.request("GET", url).status == status
