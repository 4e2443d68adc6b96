# SPDX-License-Identifier: Apache-2.0
"""What the tests of the viewer share: a made profile, its page, and the numbers of a frame as the page tells them.

    viewing.run(case, ..)        each gets the browser, the page's file and its graphs.Graph; none may leave a console
                                 error or a request behind
"""
import re

import browser
import graphs
import harness as h

WIDTH = 1280
APP = ("main@app", "handle@app")
WALK = ("main@app", "walk@app")


def made():
    g = graphs.Graph()
    g.add([*APP, "inflate@libz.so.1", "copy@libc.so.6"], 400, service_name="api", pod="a")
    g.add([*APP, "inflate@libz.so.1"], 100, service_name="api", pod="b")
    g.add([*APP, "Parse@app"], 150, service_name="api", pod="a")
    g.add([*APP, "read@libc.so.6", f"sys_read@{graphs.KERNEL}", f"copy@{graphs.KERNEL}"], 90, service_name="web")
    g.add([*WALK, "walk@app", "walk@app", "copy@libc.so.6"], 80, service_name="web")
    g.add([*WALK, "copy@libc.so.6"], 40, service_name="web")
    g.add(["main@app", "@libfoo.so.1+0x12"], 60, service_name="web")
    g.add(["main@app", f"jitted@{graphs.JIT}"], 50)
    g.add(["[truncated: no_rows]@", "lonely@app"], 30)
    g.comments.append("ledger 0123456789abcdef0123456789abcdef due=2000 taken=1010 idle=0 filtered=0 in_profile=1000 "
                      "idle_cpu=900 throttled=0 other=90 lost.ringbuf_full=10 truncated.no_rows=30 frames.named=3000 "
                      "frames.module_only=60 frames.unreadable=0 windows=1 reduced_windows=0 down_ns=0")
    return g


def percent(part, whole):
    return f"{100 * part / whole:.2f} %"


def cores(count):
    return f"{count * graphs.PERIOD_NS / graphs.DURATION_NS:.3f} cores"


def count_in(text):
    return int(re.search(r"([\d,]+) samples", text).group(1).replace(",", ""))


def draw(g, name, *options):
    g.write(h.tmp(f"{name}.pb.gz"))
    r = h.cpuhound("flame", f"{name}.pb.gz", "-o", f"{name}.html", *options)
    assert r.rc == 0, r
    return h.tmp(f"{name}.html")


def details_of(page, g, path, zoomed=()):
    """Hovers over a frame and compares what is told of it."""
    tree = g.tree()
    page.hover(*g.middle(path, WIDTH, zoomed))
    name, numbers = page.text(".frame-name"), page.text(".numbers")
    own = tree[path] - sum(n for p, n in tree.items() if len(p) == len(path) + 1 and p[:-1] == path)
    expected = (f"total {cores(tree[path])}, {tree[path] / 100:.2f} s ({percent(tree[path], g.total())}) · "
                f"self {cores(own)}, {own / 100:.2f} s ({percent(own, g.total())}) · {tree[path]:,} samples")
    function, library = graphs.name_of(path[-1]), graphs.library_of(path[-1])
    where = [function, library] if library else [function]
    return h.check(f"the numbers of {';'.join(path)}{' below ' + zoomed[-1] if zoomed else ''}",
                   numbers.startswith(expected) and name.split("  —  ")[:len(where)] == where, (name, numbers, expected))


def edge(g, path, at=4):
    """A point of a frame that has no letters."""
    x, _, row = g.place(path, WIDTH)
    return x + at, row * graphs.ROW + 2


def is_edge(page, x, row, left, right):
    """Two neighbours meet at this x."""
    page.hover(x - 4, row * graphs.ROW + 9)
    one = page.text(".frame-name")
    page.hover(x + 4, row * graphs.ROW + 9)
    return one.startswith(left) and page.text(".frame-name").startswith(right)


def run(*cases):
    with browser.Browser() as b:
        g = made()
        path = draw(g, "made")
        for case in cases:
            h.case(case, b, path, g)
            log = b.ask(do="log")
            h.check(f"no console error, no request ({case.__name__.replace('_', ' ')})",
                    log["errors"] == [] and browser.Page(b).requests() == [], log)
    h.done()
