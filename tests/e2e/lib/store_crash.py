# SPDX-License-Identifier: Apache-2.0
"""A store that is killed, or whose power is cut, at every point where it changes its files: while windows are written,
merged, and let go of, also where they make way on a full disk. Whatever the point: the next start takes no more than
2 s and finds every durable window once, with its samples and its ledger; what went is counted exactly once; and the
work that was cut off comes to its end.

tests/e2e/test-store-crash takes some of the points, tests/long/test-store-crash all of them and more chances.
"""
import os
import pathlib
import random
import shutil
import time

import harness as h
import power_cut

TOOL = os.path.join(h.BUILD, "tests/e2e/store-tool")
SHIM = os.path.join(h.BUILD, "tests/e2e/disk-shim.so")
KILLED = 137
START_S = 2.0
SETTLED_S = 2.1  # store/reconcile.c

T0 = 1795914000  # 2026-11-29 01:00:00 UTC
DAY = 86400
HUGE = 1 << 40
TARGETS = {
    "slow": '{"version":1,"enabled":true,"passed":[[0,9]]}',
    "done": '{"version":1,"enabled":true,"passed":[[0,9999]]}',
}


class Scenario:
    """prepare: commands that make the store; command: the one that is cut off; finish: what ends the work later."""

    def __init__(self, name, prepare, command, finish, adds=0, targets=False):
        self.name = name
        self.prepare = prepare
        self.command = command
        self.finish = finish
        self.adds = adds  # windows that the command adds
        self.targets = targets


SCENARIOS = [
    # Over the end of an hour and of a day: new folders.
    Scenario("writing windows", [("fill", T0 + DAY - 3600 - 30, 10, 3)], ("fill", T0 + DAY - 3600, 1800, 3), None, adds=3),
    Scenario("merging windows", [("fill", T0 + 3520, 10, 20)], ("compact", T0 + 9000), ("compact", T0 + 9000)),
    Scenario("letting go of windows",
             [("fill", T0, 600, 13), ("compact", T0 + 9999), ("fill", T0 + 2 * DAY, 10, 8), ("compact", T0 + 2 * DAY + 9999)],
             ("gc", T0 + 2 * DAY + 10000, 3600, 7200, DAY, HUGE), ("gc", T0 + 2 * DAY + 10000, 3600, 7200, DAY, HUGE),
             targets=True),
]


def tool(store, verb, *args, **options):
    return h.run(TOOL, verb, store, *args, **options)


def must(r):
    if r.rc != 0:
        raise AssertionError(r)
    return r.stdout


def totals(store):
    return tuple(must(tool(store, "totals")).splitlines())


def numbers(text):
    """"windows 3 samples 5" as a dict."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2])))


def losses(store):
    return must(tool(store, "losses"))


def lost(store):
    _, windows, samples = losses(store).splitlines()[0].split()
    return int(windows), int(samples)


def prepared(scenario):
    store = pathlib.Path(h.tmp("prepared"))
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir()
    for step in scenario.prepare:
        must(tool(store, *step))
    if scenario.targets:
        (store / "targets").mkdir()
        for name, text in TARGETS.items():
            (store / "targets" / f"{name}.json").write_text(text)
    time.sleep(SETTLED_S)  # only then a folder's time says that rows are right, and may say so in vain
    totals(store)
    return store


def copy(store, name):
    """With the times of the folders, by which a catalogue knows whether they have changed."""
    to = pathlib.Path(h.tmp(name))
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(store, to)
    return to


def shimmed(store, command, **environment):
    names = {f"DISK_SHIM_{name.upper()}": str(value) for name, value in environment.items()}
    return tool(store, *command, env=dict(os.environ, LD_PRELOAD=SHIM, DISK_SHIM_DIR=str(store), **names))


class Expected:
    """What an uninterrupted run gives, and what there is on the way."""

    def __init__(self, scenario, store):
        self.scenario = scenario
        self.before = totals(store)
        done = copy(store, "done")
        out = must(tool(done, *scenario.command))
        self.after = totals(done)
        self.losses = losses(done)
        self.samples = [int(line.split()[1]) for line in out.splitlines()] if scenario.adds else []
        self.total = numbers(self.before[0])

    def with_added(self, n):
        """Windows and samples when n were added."""
        return self.total["windows"] + n, self.total["samples"] + sum(self.samples[:n])

    def problem(self, store, n_durable):
        """"" or what is wrong with a store as the next start finds it. n_durable: added windows that must be there."""
        begin = time.monotonic()
        r = tool(store, "totals")
        if (seconds := time.monotonic() - begin) > START_S:
            return f"a start of {seconds:.1f} s"
        if r.rc != 0:
            return f"unreadable: {r}"
        if self.scenario.adds:
            return self._problem_of_added(store, numbers(r.stdout.splitlines()[0]), n_durable)
        if self.scenario.targets:
            return self._problem_of_losses(store, numbers(r.stdout.splitlines()[0]))
        if tuple(r.stdout.splitlines()) != self.before:
            return f"{r.stdout} instead of {self.before}"
        must(tool(store, *self.scenario.finish))
        now = totals(store)
        return "" if now == self.after else f"{now} in the end, not {self.after}"

    def _problem_of_added(self, store, now, n_durable):
        is_there = [(now["windows"], now["samples"]) == self.with_added(n) for n in (n_durable, n_durable + 1)]
        if not any(is_there):
            return f"{now} with {n_durable} durable windows of {self.samples} added to {self.total}"
        n = n_durable + is_there.index(True)
        sequence, samples = map(int, must(tool(store, "fill", T0 + DAY, 10, 1)).split())
        if sequence < self.total["windows"] + n:
            return f"the number {sequence} again, with {n} windows added"
        then = numbers(totals(store)[0])
        if (then["windows"], then["samples"]) != (now["windows"] + 1, now["samples"] + samples):
            return f"{then} when another one was written after {now}"
        return ""

    def _problem_of_losses(self, store, now):
        windows, samples = lost(store)
        if now["windows"] + windows < self.total["windows"] or now["samples"] + samples < self.total["samples"]:
            return f"{now} and {windows}, {samples} lost, of {self.total}"
        must(tool(store, *self.scenario.finish))
        if losses(store) != self.losses or totals(store) != self.after:
            return f"{losses(store)} {totals(store)} in the end, not {self.losses} {self.after}"
        return ""


def points(n, most):
    """So many of 1..n at most, the last among them; None: all."""
    return sorted(random.sample(range(1, n), min(most or n, n) - 1)) + [n]


def kills(scenario, store, expected, most):
    counted = copy(store, "counted")
    count = h.tmp("count")
    must(shimmed(counted, scenario.command, count=count))
    n = int(pathlib.Path(count).read_text(encoding="ascii"))
    problems = []
    tried = points(n, most)
    for point in tried:
        killed = copy(store, "killed")
        r = shimmed(killed, scenario.command, exit_at=point)
        problem = expected.problem(killed, len(r.stdout.splitlines())) if r.rc == KILLED else f"it went on: {r}"
        if problem:
            problems.append(f"at point {point}: {problem}")
    h.check(f"{scenario.name}: killed at {len(tried)} of {n} points, nothing is lost or doubled",
            n > 20 and not problems, "\n".join(problems[:5]) or f"only {n} points")


# A disk of its own, with room until the store is open; what is left of it afterwards is copied to where room is.
ON_FULL_DISK = """mount -t tmpfs -o size=16m none "$1" && cp -a "$2" "$1/store" || exit 2
LD_PRELOAD="$5" DISK_SHIM_DIR="$1/store" "$4" fill "$1/store" 1796000000 10 3 "$1/filler"
rc=$?
rm -f "$1/filler" && cp -a "$1/store" "$3" && exit $rc"""


def fill_on_full_disk(store, left, **environment):
    """Three windows, for which others make way."""
    shutil.rmtree(left, ignore_errors=True)
    os.makedirs(h.tmp("full"), exist_ok=True)
    names = {f"DISK_SHIM_{name.upper()}": str(value) for name, value in environment.items()}
    return h.run("unshare", "-m", "sh", "-c", ON_FULL_DISK, "sh", h.tmp("full"), store, left, TOOL, SHIM,
                 env=dict(os.environ, **names))


def kills_on_full_disk(most):
    """Each window is there, or counted as lost: what was there before, and what was told to be durable."""
    store, left = pathlib.Path(h.tmp("before-full")), pathlib.Path(h.tmp("left"))
    store.mkdir()
    samples = [int(line.split()[1]) for line in must(tool(store, "fill", T0, 10, 9)).splitlines()]
    count = h.tmp("count-full")
    added = [int(line.split()[1]) for line in must(fill_on_full_disk(store, left, count=count)).splitlines()]
    n = int(pathlib.Path(count).read_text(encoding="ascii"))
    tried = points(n, most)
    problems = []
    for point in tried:
        r = fill_on_full_disk(store, left, exit_at=point)
        n_durable = len(r.stdout.splitlines())
        must(tool(left, "gc", T0, DAY, DAY, DAY, HUGE))
        there = numbers(totals(left)[0])
        known = tuple(a + b for a, b in zip((there["windows"], there["samples"]), lost(left)))
        right = [(len(samples) + m, sum(samples) + sum(added[:m])) for m in (n_durable, n_durable + 1)]
        if r.rc != KILLED or known not in right:
            problems.append(f"at point {point}: {known} of {right} are there or lost: {r}")
    h.check(f"a full disk: killed at {len(tried)} of {n} points, what makes way is counted", n > 20 and
            lost(left)[0] > 0 and not problems, "\n".join(problems[:5]) or (n, lost(left)))


def durable_windows(change, renamed):
    """The windows whose folder this change makes durable; renamed: those whose is not yet, by folder."""
    if change[0] == "rename" and change[3].startswith("windows/"):
        renamed.setdefault(os.path.dirname(change[3]), []).append(change[3])
    return len(renamed.pop(change[2], [])) if change[0] == "fsync" else 0


def what_of(change):
    return " ".join(str(part) for part in change if not isinstance(part, bytes))


def power_cuts(scenario, store, expected, most, chances):
    journal = h.tmp("journal")
    pathlib.Path(journal).unlink(missing_ok=True)
    cut = copy(store, "cut")
    disk = power_cut.Disk(cut)
    must(shimmed(cut, scenario.command, journal=journal))
    changes = list(power_cut.changes(journal))
    problems = []
    renamed = {}
    n_durable = n_tried = 0
    chosen = set(points(len(changes), most))
    rebooted = pathlib.Path(h.tmp("rebooted"))
    for at, change in enumerate(changes, 1):
        disk.apply(change)
        n_durable += durable_windows(change, renamed)
        for how in ["synced", "names", "data"] + ["torn"] * chances if at in chosen else []:
            shutil.rmtree(rebooted, ignore_errors=True)
            disk.write(how, rebooted, random)
            n_tried += 1
            if problem := expected.problem(rebooted, n_durable):
                problems.append(f"after change {at} ({what_of(change)}), {how}: {problem}")
    h.check(f"{scenario.name}: {n_tried} power cuts after {len(chosen)} of {len(changes)} changes lose nothing that was durable",
            len(changes) > 20 and not problems, "\n".join(problems[:5]) or f"only {len(changes)} changes")


def gc_of_nine(kept_s):
    return "gc", T0 + 6000, kept_s, kept_s, kept_s, HUGE


def killed_behind_exchange(store, journal):
    """The store, and a model of its disk: the last change gave the counts their name, and is not durable."""
    must(shimmed(copy(store, "counted"), gc_of_nine(4500), journal=journal))
    kinds = [change[0] for change in power_cut.changes(journal)]
    point = kinds.index("exchange")  # or later: calls that fail are points, but no changes
    while kinds[-1] != "exchange":
        point += 1
        journal.unlink()
        killed = copy(store, "killed")
        disk = power_cut.Disk(killed)
        if shimmed(killed, gc_of_nine(4500), journal=journal, exit_at=point).rc != KILLED:
            raise AssertionError("it is never killed behind the exchange")
        kinds = [change[0] for change in power_cut.changes(journal)]
    return killed, disk


def power_cut_after_kill():
    """Killed before the counts' new name was durable; the next one writes into what had it, and the power goes."""
    store, journal = pathlib.Path(h.tmp("nine")), pathlib.Path(h.tmp("journal-of-two"))
    store.mkdir()
    samples = [int(line.split()[1]) for line in must(tool(store, "fill", T0, 600, 9)).splitlines()]
    killed, disk = killed_behind_exchange(store, journal)
    n = len(list(power_cut.changes(journal)))
    must(shimmed(killed, gc_of_nine(2700), journal=journal))
    changes = list(power_cut.changes(journal))
    kinds = [change[0] for change in changes]
    n += kinds[n:].index("exchange")
    while kinds[n] != "write":
        n -= 1
    for change in changes[: n + 1]:
        disk.apply(change)
    rebooted = pathlib.Path(h.tmp("rebooted-after-kill"))
    disk.write("data", rebooted)
    must(tool(rebooted, *gc_of_nine(4500)))
    there = numbers(totals(rebooted)[0])
    known = [a + b for a, b in zip((there["windows"], there["samples"]), lost(rebooted))]
    h.check("killed behind an exchange, then a power cut: all is there or counted", known == [9, sum(samples)],
            (known, samples))


def main(most, chances):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    random.seed(seed)
    h.note(f"SEED={seed}")
    for scenario in SCENARIOS:
        store = prepared(scenario)
        expected = Expected(scenario, store)
        h.case(kills, scenario, store, expected, most)
        h.case(power_cuts, scenario, store, expected, most, chances)
    h.case(power_cut_after_kill)
    if os.geteuid() == 0:
        h.case(kills_on_full_disk, most)
    else:
        h.skip("a full disk", "needs root")
    h.done()
