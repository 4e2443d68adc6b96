# SPDX-License-Identifier: Apache-2.0
"""A shell in a terminal of its own, by tmux: keys in, the screen out.

    with terminal.Terminal("name", width=100, height=30) as t:
        t.type("ls\n")
        t.wait_for("README")
"""
import atexit
import os
import re
import subprocess

import harness as h


def why_not():
    """What is missing, or None."""
    return None if h.run("tmux", "-V").rc == 0 else "tmux is missing"


class Terminal:
    def __init__(self, name, width=100, height=30, environment=None):
        self.socket = h.tmp(f"tmux-{name}")
        env = dict(os.environ, LC_ALL="C.UTF-8", HISTFILE="", **(environment or {}))
        env.pop("TMUX", None)
        if "NO_COLOR" not in (environment or {}):
            env.pop("NO_COLOR", None)
        atexit.register(self.close)  # the server is nobody's child
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height,
                  "env PS1='ready> ' ENV= bash --norc --noprofile", env=env)
        self.wait_for(r"ready>")

    def tmux(self, *args, env=None):
        r = subprocess.run(["tmux", "-S", self.socket, *map(str, args)], capture_output=True, check=False, env=env,
                           timeout=h.HANG_S)
        assert r.returncode == 0, (args, r)
        return r.stdout.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)

    def type(self, text):
        """As somebody types it."""
        self.tmux("send-keys", "-l", "--", text.replace("\n", "\r"))

    def key(self, *names):
        """"C-z", "Down", "Escape", "Enter"."""
        self.tmux("send-keys", *names)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", width, "-y", height)

    def screen(self, attributes=False):
        """Its lines. attributes: with the sequences that colour them."""
        return self.tmux("capture-pane", "-p", *(["-e"] if attributes else [])).split("\n")

    def wait_for(self, pattern, seconds=20):
        """The match in what the screen shows, when it is there; None: it never was."""
        return h.until(lambda: re.search(pattern, "\n".join(self.screen()), re.M), seconds)

    def run(self, command):
        """What a short command writes at the shell's prompt."""
        self.type("clear\n")
        self.type(f"{command} > {self.socket}.out 2>&1; echo 'do''ne'\n")
        assert self.wait_for(r"^done$"), self.screen()
        with open(self.socket + ".out", encoding="utf-8") as f:
            return f.read()
