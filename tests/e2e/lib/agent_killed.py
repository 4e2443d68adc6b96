# SPDX-License-Identifier: Apache-2.0
"""SIGKILL for the agent and for its children, at random moments: what goes, what stays, what comes back, what is lost
and how it is told. main(n): so many kills, SEED in the environment for the same ones again."""
import os
import random
import shutil
import signal
import sys
import time

import agent
import harness as h

HZ = 499  # often enough for samples of binaries whose rows are not there yet
WINDOW_S = 1
NAMING_S = 5  # for so long a closed window waits for names that are being read (agent/windows.c)
START_S = 10  # for a start, and for what stands in its way
GUARD = "starts"  # of the state dir: five kills within ten minutes, and it would wait
CRASHES = 5
VICTIMS = ("agent", "gateway", "indexer", "finisher")


class Churn:
    """Binaries that nobody has seen, so that the indexers and the finisher have work: copies with an inode of their
    own, each run for a moment. Tests beside this one go before."""

    SCRIPT = 'i=0; while :; do i=$((i + 1)); cp "$0" "$1/$((i % 8)).new"; mv "$1/$((i % 8)).new" "$1/$((i % 8))"; ' \
             '"$1/$((i % 8))" 8 > /dev/null; done'

    def __init__(self):
        self.dir = h.tmp("churn")
        os.makedirs(self.dir)
        self.program = h.compile("named.c", "-DNAME=churn_work", name="churn-work")
        self.process = h.start("nice", "-n", 10, "sh", "-c", self.SCRIPT, self.program, self.dir)


def has_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"  # init's to reap
    except (FileNotFoundError, ProcessLookupError):
        return True


class Kills:
    def __init__(self, a):
        self.agent = a
        self.n = {victim: 0 for victim in VICTIMS}
        self.lost_s = []
        self.wrong = []

    def expect(self, holds, what, why=""):
        if not holds:
            self.wrong.append((what, why))
        return holds

    def kill_agent(self):
        a = self.agent
        ids, children = agent.bpf_objects(a.pid), a.children()
        there = agent.bpf_left(ids)  # but for chunks of rows that were removed meanwhile
        self.expect(len(ids["prog"]) == sum(kind == "prog" for kind, *_ in there) > 0 and
                    sum(kind == "map" for kind, *_ in there) > len(ids["map"]) / 2,
                    "the kernel has its programs and maps", (ids, there))
        delay = h.run_delay_seconds(a.pid)
        a.process.kill()
        a.process.wait()
        killed_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        left, seconds = agent.said_within(lambda: all(map(has_gone, children.values())), START_S)
        self.expect(left, "children go with it", {k: v for k, v in children.items() if not has_gone(v)})
        gone, seconds = agent.said_within(lambda: not agent.bpf_left(ids), START_S)
        self.expect(gone, "no program and no map stays", agent.bpf_left(ids))
        end_ns = agent.last_window_boottime_ns(a)
        n = len(a.windows())
        os.unlink(a.path("state/" + GUARD))
        begin = time.monotonic()
        a.start()
        seconds = time.monotonic() - begin - h.run_delay_seconds(a.pid)
        self.expect(seconds < START_S, "the next start is quick", seconds)
        a.wait_for_windows(1)
        if end_ns is None:
            return
        self.lost_s.append((killed_ns - end_ns) / agent.NS)
        self.expect(self.lost_s[-1] < WINDOW_S * 1.5 + NAMING_S + 1 + delay, "no more is lost than what was open",
                    (self.lost_s[-1], delay))
        first = agent.read_window(a.windows()[n])
        started_ns = first.start_ns - time.time_ns() + time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.expect(abs(first.ledger["down_ns"] - (started_ns - end_ns)) < agent.NS // 5, "it is told of as down time",
                    (first.ledger["down_ns"], started_ns - end_ns))

    def kill_child(self, name):
        a = self.agent
        running = h.until(lambda: [(n, p) for n, p in a.children().items() if n.startswith(name)])
        if not self.expect(running, f"{name}: there is one", a.status()["own_processes"]):
            return
        name, pid = random.choice(running)
        n = a.restarts(name)
        os.kill(pid, signal.SIGKILL)
        self.expect(h.until(lambda: a.restarts(name) > n), f"{name}: its loss is counted", a.status()["own_processes"])
        if name == "gateway":
            self.expect(h.until(lambda: a.get("/healthz")[0] == 200), "the gateway serves again", a.get("/healthz"))
        self.expect(h.until(lambda: a.children().get(name, pid) != pid or not a.children().get(name)),
                    f"{name}: another one takes its place", a.children())
        self.expect(a.process.poll() is None and a.state() == "sampling", f"{name}: the agent goes on", a.said())

    def kill(self, victim):
        self.n[victim] += 1
        time.sleep(random.uniform(0, 1.5 * WINDOW_S))
        if victim == "agent":
            self.kill_agent()
        else:
            self.kill_child(victim)


def random_moments(n):
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    random.seed(seed)
    h.note(f"SEED={seed}")
    victims = [VICTIMS[i % len(VICTIMS)] for i in range(n)]
    random.shuffle(victims)
    churn = Churn()
    with agent.Agent("killed", "-F", HZ, window=f"{WINDOW_S}s", limits__cpu_percent=10000, limits__rss_mb=4096) as a:
        kills = Kills(a)
        a.wait_for_windows(1)
        for victim in victims:
            kills.kill(victim)
        faults = [f for f in a.status()["faults"].values() if f]
        a.wait_for_windows(2)
        ids = agent.bpf_objects(a.pid)
        h.check("after all of it: a clean end", a.stop() == 0 and agent.said_within(
            lambda: not agent.bpf_left(ids), START_S)[0], (a.said(), agent.bpf_left(ids)))
        said = a.said()
    h.stop(churn.process)
    h.note(f"lost by a kill of the agent: {[round(s, 1) for s in sorted(kills.lost_s)]} s")
    h.check(f"{n} kills {kills.n}: all as documented", not kills.wrong, kills.wrong[:5])
    errors = [line for line in said.splitlines() if not line.startswith("cpuhound: warning: ")]
    h.check("no fault is left, no error was said", not faults and not errors, (faults, errors[:5]))
    leftovers = [f for _, _, names in os.walk(a.path("state")) for f in names if f.endswith(".tmp")]
    h.check("nothing half written is left", not leftovers, leftovers)
    windows = agent.read_windows(a.windows())
    numbers = [w.sequence for w in windows]
    h.check("each window has its number", numbers == sorted(set(numbers)), numbers)
    agent.check_ledgers(f"{n} kills", windows)


def crash_loop():
    """The start guard: an agent that was killed so often waits, says so, and a note that is removed lets it go on."""
    with agent.Agent("loop", limits__cpu_percent=10000) as a:
        for _ in range(CRASHES - 1):
            a.process.kill()
            a.process.wait()
            a.start()
        a.process.kill()
        a.process.wait()
        a.start(waits=False)
        h.check(f"killed {CRASHES} times: it waits", h.until(lambda: a.state() == "crash_loop"), a.said())
        h.check("and says so, in one line", a.said().count("nothing is sampled for 10 minutes") == 1, a.said())
        status, why = h.until(lambda: (r := a.get("/readyz"))[0] and r)
        h.check("/readyz says so", status == 503 and "did not end cleanly" in why, (status, why))
        h.check("no program is loaded", not agent.bpf_objects(a.pid)["prog"], agent.bpf_objects(a.pid))
        h.check("it ends well, and that clears its notes", a.stop() == 0 and
                not os.path.exists(a.path("state/" + GUARD)), a.said())
        a.start()
        h.check("the next one samples", a.state() == "sampling")
        h.check("it ends well", a.stop() == 0, a.said())


def main(n):
    h.needs_root()
    if not shutil.which("bpftool"):
        h.skip_all("no bpftool")
    for case, *args in ((random_moments, n), (crash_loop,)):
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            h.case(case, *args)
    h.done()
