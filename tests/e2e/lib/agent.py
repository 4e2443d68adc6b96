# SPDX-License-Identifier: Apache-2.0
"""A real `cpuhound agent` in directories of its own, and what it says of itself.

    a = agent.Agent("-F", 99)      samples when it is ready: a.wait_ready()
    a.status()                     what `cpuhound status --json` tells
    a.stop()                       the Result; the last window is written
"""
import glob
import json
import os
import signal
import socket

import harness as h


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Agent:
    def __init__(self, *args, name="agent", window_s=1):
        self.state_dir, self.run_dir, self.log = (h.tmp(f"{name}-{what}") for what in ("state", "run", "log"))
        config = h.tmp(f"{name}.conf")  # whatever this machine has in /etc
        with open(config, "w", encoding="ascii"):
            pass
        with open(self.log, "wb") as log:
            self.process = h.start(
                h.CPUHOUND, "agent", "--config", config, "--state-dir", self.state_dir,
                "--listen", f"127.0.0.1:{free_port()}", "--window", f"{window_s}s", "--set", f"agent.run_dir={self.run_dir}",
                "--set", f"agent.cache_dir={h.CACHE}", "--set", f"agent.kill_switch={h.tmp(name + '-off')}", *args,
                stdout=log, stderr=log)

    @property
    def pid(self):
        return self.process.pid

    def ask(self, *args):
        return h.cpuhound("status", "--run-dir", self.run_dir, *args)

    def status(self):
        r = self.ask("--json")
        if r.rc != 0:
            raise RuntimeError(f"status: {r} {self.said()}")
        return json.loads(r.stdout)

    def wait_ready(self):
        h.until(lambda: self.process.poll() is not None or self.ask("--check").rc == 0)
        if self.process.poll() is not None:
            raise RuntimeError(f"the agent ended: {self.said()}")

    def window_files(self):
        return sorted(f for f in glob.glob(os.path.join(self.state_dir, "windows", "**"), recursive=True)
                      if os.path.isfile(f))

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return h.Result(self.process.wait(timeout=h.HANG_S), "", self.said())
