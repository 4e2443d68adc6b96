# SPDX-License-Identifier: Apache-2.0
"""An agent beside everything that comes and goes: execs, forks without exec, libraries, containers. What it samples
adds up, next to nothing is lost, and nothing of it grows; afterwards its tables are as they were before."""
import itertools
import json
import os
import statistics
import subprocess
import threading
import time

import agent
import cgroup
import harness as h
import oci

HZ = 19
EXECS_PER_SECOND = 500
FORKS_PER_SECOND = 100
N_CONTAINERS = 200
RUNC_EVERY = 20           # of the containers
MOST_LOST = 0.001         # of the samples
CACHE_LIMIT_BYTES = 1 << 30
SETTLED = 1 / 3           # of the time: then all that comes and goes has been met
N_SPELLS = 5              # of the rest
# How much may be more at the end than when it had settled, by the fitted line: a share, and what is noise.
FLAT = {
    "rss_bytes": (0.05, 2 << 20),
    "fds": (0.02, 4),
    "threads": (0, 0.5),
    "map_bytes": (0, 4 << 20),    # two chunks of rows may be free
    "processes": (0.1, 600),      # what comes and goes within a second: all are drained every 5 s
    "mappings": (0.1, 3000),      # of them
    "files": (0.1, 60),
}
FEW_CGROUPS = 100         # so that those that have gone are looked for every 20 s at least, while others come
BACK_S = 60  # what has gone is let go of after a few windows; cgroups are looked for once a minute at most


def count(path):
    try:
        return len(os.listdir(path))
    except OSError:
        return 0


def n_processes():
    return sum(name.isdigit() for name in os.listdir("/proc"))


def look(a):
    """What it has at this moment, beside what the machine has."""
    s = a.status()
    pids = [p["pid"] for p in s["own_processes"] if p["pid"]]
    return dict(s["known"], rss_bytes=s["budget"]["rss_bytes"], map_bytes=s["budget"]["map_bytes"],
                fds=count(f"/proc/{a.pid}/fd"), threads=sum(count(f"/proc/{pid}/task") for pid in pids),
                seconds=time.monotonic(), running=n_processes())


class Churn(threading.Thread):
    """Containers, one after the other, over the given time: cgroups with a process, some by runc."""

    def __init__(self, seconds, program):
        super().__init__(daemon=True)
        self.seconds, self.program, self.made, self.failure = seconds, program, 0, None

    def run(self):
        try:
            began = time.monotonic()
            for i in range(N_CONTAINERS):
                time.sleep(max(0, began + i * self.seconds / N_CONTAINERS - time.monotonic()))
                self._with_runc() if i % RUNC_EVERY == 0 and not oci.why_not() else self._with_cgroup()
                self.made += 1
        except Exception as e:  # pylint: disable=broad-except
            self.failure = e

    def _with_cgroup(self):
        with cgroup.Cgroup(f"/docker/{os.urandom(32).hex()}") as group:
            subprocess.run([self.program, "20"], preexec_fn=group.enter, stdout=subprocess.DEVNULL, check=True)

    def _with_runc(self):
        container = oci.Container("soak", [self.program], ["/bin/" + os.path.basename(self.program), "20"])
        container.start().communicate(timeout=h.HANG_S)
        container.kill()


def least_of_spells(points, key):
    """What leaks stays: it raises the least of each spell of time. What comes and goes, such as the files of a burst of
    new programs, does not."""
    length = max(1, len(points) // N_SPELLS)
    return [min(points[i:i + length], key=lambda p: p[key]) for i in range(0, len(points), length)]


def fitted_growth(points, key):
    """By which the line through the points rises from the first to the last: the median of the slopes between all
    pairs (Theil and Sen), which a moment's peak does not tilt. And the points' median."""
    least = least_of_spells(points, key)
    slopes = [(b[key] - a[key]) / (b["seconds"] - a["seconds"]) for a, b in itertools.combinations(least, 2)]
    span = points[-1]["seconds"] - points[0]["seconds"]
    return statistics.median(slopes) * span, statistics.median(p[key] for p in points)


def check_flat(points):
    settled = points[int(len(points) * SETTLED):]
    for key, (share, noise) in FLAT.items():
        growth, middle = fitted_growth(settled, key)
        h.note(f"{key}: {middle:.0f}, growth {growth:+.1f} in {settled[-1]['seconds'] - settled[0]['seconds']:.0f} s")
        h.check(f"{key} is flat", growth <= middle * share + noise, f"{growth:+.1f} of {middle:.0f}: "
                f"{[p[key] for p in settled[::max(1, len(settled) // 20)]]}")


def is_balanced(ledger):
    return (ledger["due"] == ledger["taken"] + sum(ledger["not_delivered"].values()) and
            ledger["taken"] == ledger["idle"] + ledger["filtered"] + ledger["in_profile"] + sum(ledger["lost"].values()))


def check_ledger(s):
    ledger = s["totals"]["ledger"]
    lost = sum(ledger["lost"].values())
    h.note(f"ledger {ledger}; news lost {s['totals']['news_lost']}, dropped {s['totals']['news_dropped']}")
    h.check("the sum of all ledgers balances", is_balanced(ledger), ledger)
    h.check("lost is at most 0.1 %", lost <= MOST_LOST * ledger["in_profile"] and ledger["in_profile"] > 0, ledger)
    h.check("no news is lost", s["totals"]["news_lost"] + s["totals"]["news_dropped"] == 0, s["totals"])
    h.check("no window is lost", s["windows"]["failed"] + s["windows"]["refused"] == 0, s["windows"])
    h.check("no child of it died", all(p["restarts"] == 0 for p in s["own_processes"]), s["own_processes"])
    h.check("the cache is within its cap", s["known"]["cache_bytes"] <= CACHE_LIMIT_BYTES, s["known"])


def check_windows(a):
    """Each file for itself: its samples are what its ledger says."""
    files, wrong, n = a.windows(), [], 0
    for path in files:
        r = h.cpuhound("show", path, "--json")
        ledger = json.loads(r.stdout)["ledger"] if r.rc == 0 else None
        if not ledger or not is_balanced(ledger):
            wrong.append((path, r.stderr, ledger))
        else:
            n += ledger["in_profile"]
    h.check("the ledger of each window balances", files and not wrong and n > 0, wrong[:2])
    h.note(f"{len(files)} windows, {n} samples")


def check_back(a, before):
    """Its tables go by what runs now; other work on this machine comes and goes meanwhile, too."""
    def over():
        now = look(a)
        more = {
            "processes": now["processes"] - now["running"] - (before["processes"] - before["running"]) - 20,
            "mappings": now["mappings"] - 1.2 * before["mappings"] - 200,
            "files": now["files"] - 1.2 * before["files"] - 50,
            "cgroups": now["cgroups"] - before["cgroups"] - 10,
            "containers": now["containers"] - before["containers"] - 10,
        }
        return {k: now[k] for k, v in more.items() if v > 0}
    end = time.monotonic() + BACK_S
    while (left := over()) and time.monotonic() < end:
        time.sleep(1)
    h.check("its tables are as they were before", not left, f"{left} of {before}")


def soak(seconds, window_s):
    burn = h.compile("named.c", "-static")
    libraries = [h.compile("swapped.c", "-shared", "-fPIC", f"-DNAME={n}", f"-DFRAME={frame}", name=f"lib{n}.so")
                 for n, frame in (("a", 40), ("b", 1000))]
    a = agent.Agent("soak", "-F", HZ, window=f"{window_s}s")
    a.wait_for_windows(1)
    time.sleep(10)
    before, points = look(a), []
    load = [h.start(h.compile("storm.c"), EXECS_PER_SECOND, seconds, "/bin/true", stdout=subprocess.DEVNULL),
            h.start(h.compile("forks.c"), FORKS_PER_SECOND),
            h.start(h.compile("swap-libraries.c", "-ldl"), *libraries, 1e9, stdout=subprocess.DEVNULL)]
    churn = Churn(seconds, burn)
    churn.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(max(1, seconds / 300))
        points.append(look(a))
    churn.join(h.HANG_S)
    ended = [p.poll() for p in load[1:]]
    for p in load:
        h.stop(p)
    h.check("all that was to come and go did", churn.made == N_CONTAINERS and ended == [None, None],
            f"{churn.made} containers: {churn.failure}; {ended}")
    h.check("containers were seen", max(p["containers"] for p in points) > before["containers"], points[-1])
    most, few = max(p["cgroups"] for p in points), before["cgroups"] < FEW_CGROUPS
    h.note(f"cgroups: {before['cgroups']} before, {most} at most, {churn.made} came")
    h.check("cgroups that have gone do not pile up", most < before["cgroups"] + N_CONTAINERS / 2 or not few, most)
    check_flat(points)
    check_back(a, before)
    check_ledger(a.status())
    code = a.stop()
    h.check("it ends well", code == 0, (code, a.said()))
    check_windows(a)


def main(seconds, window_s):
    h.needs_root()
    h.case(soak, seconds, window_s)
    h.done()
