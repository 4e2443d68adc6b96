# SPDX-License-Identifier: Apache-2.0
"""What holds for the ledger of any recording: four numbers that are counted apart from each other agree to the last
tick, it balances, is printed and is in the profile.

    p = ledgers.record("whole machine", 99, ("-a",))      the checked profile of two seconds; None: record failed
"""
import json
import os
import re
import time

import harness as h
import pprof

N_CPUS = len(os.sched_getaffinity(0))
PRINTED = re.compile(
    r"^ledger: due (\d+) = taken (\d+)(?: \((.*?)\))? \+ not delivered (\d+)(?: \((.*?)\))?; "
    r"(?:nothing lost|lost: (.*?))(?:; truncated stacks: (.*?))?$", re.M)
COUNTED = re.compile(r"counted: (\d+) ticks, (\d+) log records, (\d+) read, (\d+) in the profile")


def check_counts(name, result, ledger, profile):
    """taken at program entry, the log's records as the kernel side and as the reader counted them, the drops' own
    counters, and the column of the file."""
    counted = COUNTED.search(result.stderr)
    if not counted:
        h.not_ok(f"{name}: four counts agree", "the counts are not in the debug output")
        return
    ticks, records, read, in_profile = map(int, counted.groups())
    lost = dict(ledger["lost"])
    window_full = lost.pop("window_full", 0)
    drops = ledger["idle"] + ledger["filtered"] + sum(lost.values())
    column = profile.total()
    differences = (ticks - ledger["taken"], ticks - drops - records, records - read, read - window_full - column,
                   in_profile - column, ledger["in_profile"] - column)
    h.check(f"{name}: four counts agree", not any(differences), f"differences {differences}, {ledger}")


def terms(text):
    """{"in_profile": 5, "other": 1} of "in profile 5, other 1"; zeros are not printed."""
    return {name.replace(" ", "_").lower(): int(n) for name, n in re.findall(r"([A-Za-z_0-9 ]+?) (\d+)(?:, |$)", text or "")}


def check_printed(name, result, ledger):
    printed = PRINTED.search(result.stdout)
    if not printed:
        h.not_ok(f"{name}: the ledger is printed", result.stdout[-600:])
        return
    due, taken, taken_terms, not_delivered, other_terms, lost, truncated = printed.groups()
    expected = {k: ledger[k] for k in ("in_profile", "idle", "filtered")}
    expected["lost"] = sum(ledger["lost"].values())
    gaps = {k: ledger[k] for k in ("idle_cpu", "throttled", "other")}
    told = (int(due), int(taken), terms(taken_terms), int(not_delivered), terms(other_terms), terms(lost),
            terms(truncated))
    true = (ledger["due"], ledger["taken"], {k: n for k, n in expected.items() if n}, sum(gaps.values()),
            {k: n for k, n in gaps.items() if n}, ledger["lost"], ledger["truncated"])
    h.check(f"{name}: the ledger is printed as in the file", told == true, f"{told} is not {true}")


def check_shown(name, path, ledger):
    shown = h.cpuhound("show", path, "--json")
    told = json.loads(shown.stdout)["ledger"] if shown.rc == 0 else {}
    expected = {k: ledger[k] for k in ("due", "taken", "idle", "filtered", "in_profile", "lost", "truncated", "frames",
                                         "windows", "reduced_windows", "down_ns")}
    expected["not_delivered"] = {k: ledger[k] for k in ("idle_cpu", "throttled", "other")}
    h.check(f"{name}: show --json tells the same ledger", told == expected, f"{told} is not {expected} {shown.stderr}")


def check_due(name, hz, ledger, profile, late_s):
    """Due is a matter of the clock alone. The window begins and ends within the time it takes to switch on all CPUs'
    events, in which a busy machine runs others: 40 ms on each CPU, or for as long as the recorder waited for a CPU."""
    expected = N_CPUS * profile.duration_ns / profile.period
    slack = N_CPUS * (1 + max(0.04, late_s) * hz)
    h.check(f"{name}: due is window x Hz x CPUs", abs(ledger["due"] - expected) <= slack,
            f"due {ledger['due']}, expected {expected:.1f} +- {slack:.1f}")


def check_ledger(name, hz, result, path, late_s):
    """All that holds for any recording; returns the profile."""
    if result.rc != 0:
        h.not_ok(f"{name}: records", f"exit code {result.rc}: {result.stderr}")
        return None
    profile = pprof.read(path)
    ledger = profile.ledger
    h.check(f"{name}: one ledger in the comments", len(profile.ledgers) == 1, profile.comments)
    h.check(f"{name}: balances", pprof.imbalances(ledger) == (0, 0), f"{pprof.imbalances(ledger)} {ledger}")
    check_counts(name, result, ledger, profile)
    check_printed(name, result, ledger)
    check_shown(name, path, ledger)
    check_due(name, hz, ledger, profile, late_s)
    wrong = [s.values for s in profile.samples if s.values["cpu"] != s.count * profile.period or s.count <= 0]
    h.check(f"{name}: cpu time is count x period", not wrong and profile.period == 10**9 // hz,
            f"period {profile.period}: {wrong[:3]}")
    truncated = {}
    for sample in profile.samples:
        for reason in re.findall(r"\[truncated: (\w+)\]", " ".join(sample.names)):
            truncated[reason] = truncated.get(reason, 0) + sample.count
    h.check(f"{name}: truncated stacks are marked as counted", truncated == ledger["truncated"],
            f"in stacks {truncated}, counted {ledger['truncated']}")
    h.note(f"{name}: {ledger}")
    return profile


def record(name, hz, scope, how_long=2.0, with_signal=None, during=lambda process: None):
    path = h.tmp("ledger.pb.gz")
    duration = "60" if with_signal else f"{how_long:g}"
    recording = h.Recording("-F", hz, "-d", duration, "-o", path, *scope, debug=True)
    during(recording.process)
    if with_signal:
        time.sleep(how_long)
        result = recording.stop(with_signal)
    else:
        result = recording.wait()
    return check_ledger(name, hz, result, path, recording.late_s)
