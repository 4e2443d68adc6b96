# SPDX-License-Identifier: Apache-2.0
"""A store with the day of some hosts, each with a busy core, merged to hours (tests/bench/day-maker.c). The names are those
of the functions of this machine's libraries, in order: those of one program are neighbours, as in real ones."""
import glob
import os
import random
import subprocess

import harness as h

SERVICES, STACKS, HZ = 8, 24000, 19
N_NAMES = 20000
DAY = "2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"


def function_names():
    names = set()
    for library in sorted(glob.glob("/usr/lib/*-linux-gnu/lib*.so.*")):
        r = subprocess.run(["nm", "-DC", "--defined-only", library], capture_output=True, text=True, check=False)
        names.update(line.split(" ", 2)[2].split("@")[0] for line in r.stdout.splitlines() if line.count(" ") >= 2)
    return sorted(random.Random(1).sample(sorted(names), min(N_NAMES, len(names))))


def make(directory, hours, hosts):
    """What day-maker prints, by the first words of its lines."""
    with open(h.tmp("names"), "w", encoding="utf-8") as f:
        f.write("\n".join(function_names()))
    os.makedirs(directory)
    r = h.run(os.path.join(h.BUILD, "tests/bench/day-maker"), directory, h.tmp("names"), SERVICES, STACKS, HZ, hours, hosts,
              timeout=7200)
    assert r.rc == 0, r
    return {words[0]: words[1:] for words in map(str.split, r.stdout.splitlines())}
