# SPDX-License-Identifier: Apache-2.0
"""Go's own pprof, as the other opinion on the same files.

    go_pprof.needs_go()
    go_pprof.top("-diff_base=a.pb.gz", "b.pb.gz")     {function: (flat, cum)}, in nanoseconds
"""
import collections
import os
import re
import shutil

import harness as h

GO = shutil.which("go", path=os.environ.get("PATH", "") + ":/usr/local/go/bin") or ""
ROW = re.compile(r" *(-?[\d.]+)([a-z]*) +[-+\d.e]+% +[-+\d.e]+% +(-?[\d.]+)([a-z]*) +[-+\d.e]+%  (.*)")


def needs_go():
    if not GO:
        h.skip_all("there is no go")


def run(*args, **options):
    """Without its own symbolizing: it would run addr2line over any large binary that has no names in the profile."""
    environment = dict(os.environ, PPROF_TMPDIR=h.TMP, GOTOOLCHAIN="local")
    environment.setdefault("HOME", h.TMP)
    return h.run(GO, "tool", "pprof", "-symbolize=none", *args, env=environment, timeout=300, **options)


def top(*args):
    r = run("-top", "-nodecount=0", "-nodefraction=0", "-edgefraction=0", "-unit=ns", *args)
    assert r.rc == 0, r
    rows = collections.defaultdict(lambda: (0, 0))
    for m in filter(None, map(ROW.fullmatch, r.stdout.splitlines())):
        assert m[2] in ("ns", "") and m[4] in ("ns", ""), m[0]
        name = m[5].removesuffix(" (inline)").removesuffix(" (partial-inline)")
        flat, cum = rows[name]
        rows[name] = (flat + int(m[1]), cum + int(m[3]))
    assert rows, r.stdout
    return dict(rows)
