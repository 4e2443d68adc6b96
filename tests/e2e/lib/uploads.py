# SPDX-License-Identifier: Apache-2.0
"""The uploader of upload-driver, with a clock that runs fast, against a fault_store: what tests of uploads share, and
the two that tests/long runs for longer: kills at random, and a day without a store."""
import os
import random
import re
import signal
import subprocess
import tempfile
import time

import fault_store
import harness as h

DRIVER = os.path.join(h.BUILD, "tests", "e2e", "upload-driver")
START_S = 1764000000
N = 6  # windows, each a batch of its own
SPEED = 100
TIMEOUT_MS = 700
_stores = iter(range(10000))


def fill(n=N, **options):
    path = h.tmp(f"store-{next(_stores)}")
    args = [a for k, v in options.items() for a in (f"--{k}", v)]
    r = h.run(DRIVER, "fill", path, n, "--start", START_S, *args)
    assert r.rc == 0, r
    return path


def upload(path, url, *args, kind="http", seconds=1500, **options):
    """The stats of an uploader that ran until all was sent, or for so long."""
    r = h.run(DRIVER, "run", path, "--kind", kind, "--url", url, "--start", START_S + 1000, "--speed", SPEED,
              "--interval", 10, "--timeout", TIMEOUT_MS, "--seconds", seconds, "--stop", *args, **options)
    assert r.rc == 0, r
    return stats_of(r.stdout)


def stats_of(text):
    pairs = [line.partition(" ")[::2] for line in text.splitlines()]
    return {k: int(v) if v.isdigit() else v for k, v in pairs}


def killed(seed, n_kills):
    """kill -9 at random while the store comes and goes: nothing lost, nothing damaged, each copy told of."""
    dice = random.Random(seed)
    n = 5 * n_kills
    path = fill(n, services=3)
    rounds, slowest = 0, 0
    with fault_store.Store(fault_store.at_random(seed, 0.2, "503", "rst_after", "500", "rst_before")) as s:
        while rounds < n_kills:
            rounds += 1
            begun, had = time.monotonic(), len(s.requests)
            p = h.start(DRIVER, "run", path, "--kind", "http", "--url", s.url, "--start", START_S + 1000 + rounds * 100,
                        "--speed", SPEED, "--interval", 10, "--timeout", TIMEOUT_MS, "--seconds", 10000,
                        stdout=subprocess.DEVNULL)
            if s.is_open and len(s.taken) < n and dice.random() < 0.8:
                h.until(lambda: len(s.requests) > had or p.poll() is not None, 5)
                if len(s.taken) < n:
                    slowest = max(slowest, time.monotonic() - begun - h.run_delay_seconds(p.pid))
            time.sleep(dice.random() * 0.15)
            p.send_signal(signal.SIGKILL)
            p.wait()
            if dice.random() < 0.2:
                s.close() if s.is_open else s.open()
        if not s.is_open:
            s.open()
        stats = upload(path, s.url, "--start", START_S + 1000 + rounds * 100 + n * 10, seconds=100 * n, timeout=1200)
        taken, refused = s.windows(), in_bad(path)
        h.check(f"{rounds} kills, seed {seed}: nothing is lost", set(taken) | refused == set(range(n)) and
                stats["queued_windows"] == 0, (stats, set(range(n)) - set(taken) - refused))
        # Two answers of 500, and a third failure, while others are taken: by chance, one in some 2,700.
        h.check(f"{rounds} kills, seed {seed}: few are refused", len(refused) == stats["refused_windows"] <= 2 + n // 1000,
                (stats, refused))
        copies = sum(taken.values()) - len(taken)
        h.check(f"{rounds} kills, seed {seed}: no copy that is not told of", copies <= stats["possible_duplicates"],
                (copies, stats))
        h.check(f"{rounds} kills, seed {seed}: it starts within 2 s", slowest <= 2, slowest)
        h.note(f"{rounds} kills: {copies} copies, {stats['possible_duplicates']} possible ones told, "
               f"{stats['sent_windows']} windows sent, first request after {slowest:.2f} s at most")


def in_bad(path):
    """The windows that were refused: they lie in bad/."""
    folder, found = os.path.join(path, "bad"), set()
    for name in os.listdir(folder):
        if name.endswith(".pb.gz"):
            with open(os.path.join(folder, name), "rb") as f:
                found |= {int(w) for w in re.findall(rb"window_(\d+)_", fault_store.plain(f.read()))}
    return found


def day_of_outage(bound, step_s, n_samples, speed, back_speed):
    """A day without a store, under a bound that is too small for it: the bound holds, then all that is left arrives, the
    newest first, and the rest is counted. Memory stays flat. What is left is sent at back_speed, at which eight batches an
    interval should be possible."""
    if is_sanitized():
        h.skip("a day down", "the sanitizers' build cannot run 2000 times as fast")
        return
    day = 86400
    args = ["--kind", "http", "--interval", 60, "--timeout", 3000, "--samples", n_samples, "--add", step_s]
    # In memory: fsync does not run 2000 times as fast.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path, fault_store.Store(listens=False) as s:
        r = h.run(DRIVER, "run", path, "--url", s.url, "--start", START_S, "--seconds", day,
                  "--speed", speed, "--limit", bound, *args, timeout=1800)
        down = stats_of(r.stdout)
        h.check("a day down: the bound holds", down["most_disk_bytes"] <= bound, down)
        h.check("a day down: each window is queued or counted", down["evicted_windows"] > 500 and down["added"] - 8 <=
                down["queued_windows"] + down["evicted_windows"] <= down["added"], down)  # open ones are counted later
        h.check("a day down: memory is flat", down["most_rss_kb"] - down["first_rss_kb"] < 5 << 10, down)
        s.open()
        r = h.run(DRIVER, "run", path, "--url", s.url, "--start", START_S + down["seconds"], "--seconds", 10 * day,
                  "--stop", "--leave", 300, "--speed", back_speed, *args, timeout=3600)
        up = stats_of(r.stdout)
        comes_back(s, down, up, step_s)


def comes_back(s, down, up, step_s):
    taken, n_old = s.windows(), down["added"]
    h.check("then all that is left arrives, once", max(taken.values()) == 1 and sum(w < n_old for w in taken) ==
            down["queued_windows"] and up["queued_windows"] <= 300 // step_s, (up, len(taken), down))
    firsts = [min(int(w) for w in re.findall(rb"window_(\d+)_", fault_store.plain(r.body))) for r in s.taken]
    old = [w for w in firsts if w < n_old]
    h.check("each window was sent, is queued, or is counted", up["sent_windows"] + up["queued_windows"] +
            up["evicted_windows"] == up["added"] + down["added"], up)
    past = [w for w in old if w <= n_old - 300 // step_s]  # what came last of all is a batch only when its interval is over
    h.check("the newest first, back to the oldest", past == sorted(past, reverse=True) and old[0] > n_old - 240 // step_s,
            old[:99])
    first_fresh = next(i for i, w in enumerate(firsts) if w >= n_old)
    h.check("what is fresh does not wait for the past", first_fresh < 40 < len(old), (first_fresh, len(old)))
    between = [sum(w < n_old for w in firsts[i:i + 30]) for i in range(40, len(old) // 2)]
    h.check("back-fill is capped at eight for each fresh one", between and max(between) <= 28, between[:20])
    h.note(f"{down['evicted_windows']} windows made way, {len(old)} batches of the past arrived; RssAnon "
           f"{down['first_rss_kb']} to {down['most_rss_kb']} KiB")


def is_sanitized():
    return b"__asan_init" in open(DRIVER, "rb").read()
