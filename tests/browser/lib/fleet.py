# SPDX-License-Identifier: Apache-2.0
"""What the tests of the page share: a hub with the windows of three made hosts, its page in a browser, and what the
commands say of the same store.

    with browser.Browser() as b, fleet.Fleet("name") as f:
        page = f.open(b, "#by=host")               when all that it asked for is shown
        fleet.rows(page, "#hogs")                  [{column: text}] of a table
        f.hogs("--by", "host")["groups"]           as the command has it
        fleet.shows("0.123", 0.1234, 3)            a number is that, to so many digits
"""
import json
import pathlib
import re
import sys
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "e2e" / "lib")]
import browser  # noqa: E402
import graphs  # noqa: E402
import harness as h  # noqa: E402
import hub  # noqa: E402

NS = 10**9
PHONE = {"width": 390, "height": 844, "hasTouch": True, "isMobile": True, "deviceScaleFactor": 2}
WINDOW_S, N_WINDOWS = 120, 20
HOUR_S = 3600
SILENT_S = 600
PATIENCE_S = 60  # a guard against hanging: beside others an answer may take some seconds
HOSTS = ("web-1", "web-2", "db-1")
SERVE = ["main@app", "serve@app"]
QUERY = ["main@postgres", "exec@postgres"]
KERNEL = graphs.KERNEL
LABELS = {
    "api": {"service_name": "api", "version": "2.1", "container": "api-7c9"},
    "batch": {"service_name": "batch", "version": "1.4"},
    "postgres": {"service_name": "postgres", "container": "pg"},
}


def stacks(host, is_before):
    """[(frames, samples of a window, service)]: a core is 12,000 samples."""
    inflate = 1500 if is_before else 3000
    if host == "db-1":
        return [([*QUERY, "scan@postgres"], 4000, "postgres"), ([*QUERY, "hash@libcrypto.so.3"], 1000, "postgres"),
                ([*QUERY, "read@libc.so.6", f"sys_read@{KERNEL}", f"copy@{KERNEL}"], 900, "postgres")]
    api = [([*SERVE, "parse@app"], 1200, "api"), ([*SERVE, "inflate@libz.so.1"], inflate, "api"),
           ([*SERVE, "inflate@libz.so.1", "memcpy@libc.so.6"], 500, "api"),
           ([*SERVE, "write@libc.so.6", f"sys_write@{KERNEL}"], 700, "api"), ([*SERVE, "@libfoo.so.1+0x12"], 150, "api"),
           (["[truncated: no_rows]@", "lonely@app"], 60, "api")]
    batch = [(["main@batch", "sort@batch", "memcpy@libc.so.6"], 2500, "batch"),
             (["main@batch", "load@batch"], 800, "batch")]
    return api + (batch if host == "web-2" else [])


def window(host, number, is_before=False):
    """Loads are not even, so that a part of the time differs from all of it."""
    g = graphs.Graph()
    for i, (frames, count, service) in enumerate(stacks(host, is_before)):
        g.add(frames, count + (number * 37 + i * 11) % 100, **LABELS[service])
    n = g.total()
    g.comments.append(f"ledger {uuid.uuid4().hex} due={n + 40} taken={n + 30} idle=0 filtered=0 in_profile={n} "
                      f"idle_cpu=0 throttled=10 other=0 lost.ringbuf_full=30 truncated.no_rows=60 frames.named={3 * n} "
                      "frames.module_only=150 frames.unreadable=0 windows=1 reduced_windows=0 down_ns=0")
    return g


class Shown:
    """A hub, or a view, whose page is asked the same as commands are: source has their options."""

    def __init__(self, server, *source):
        self.hub = server
        self.source = source

    def __enter__(self):
        return self

    def __exit__(self, *_):
        h.stop(self.hub.process)

    def ask(self, command, *args):
        r = h.cpuhound(command, "--json", *self.source, "-n", "50", *args)
        assert r.rc == 0, r
        return json.loads(r.stdout)

    def hogs(self, *args, since="1h"):
        return self.ask("hogs", "--since", since, *args)

    def diff(self, *args):
        return self.ask("diff", *args)

    def open(self, b, fragment="", **options):
        page = b.open(self.hub.url + "/", fragment, **options)
        return settled(page)


class Fleet(Shown):
    """The last 40 minutes, and the same an hour earlier, in which api used half as much for inflating. db-1 has been silent
    for the last ten minutes."""

    def __init__(self, name, text="", is_empty=False, wrap=(), window_s=WINDOW_S, n_windows=N_WINDOWS):
        server = hub.Hub(name, text, wrap, hub__max_windows=100000)
        super().__init__(server, "--store", server.store)
        self.end_s = int(time.time()) // 60 * 60 - 60
        self.window_s, self.n_windows = window_s, n_windows
        self.start_s = self.end_s - n_windows * window_s
        if not is_empty:
            self.fill_before()
            self.fill()
        assert h.until(lambda: self.hub.get("/api/v1/hogs?since=1h")[0] in (200, 401)), self.hub.said()

    def fill_before(self):
        for number in range(self.n_windows):
            for host in HOSTS:
                self.push(window(host, number, True), host, self.start_s - HOUR_S + number * self.window_s)

    def fill(self):
        for number in range(self.n_windows):
            start_s = self.start_s + number * self.window_s
            for host in HOSTS if start_s < self.end_s - SILENT_S else HOSTS[:2]:
                self.push(window(host, number), host, start_s)

    def push(self, graph, host, start_s, duration_s=None):
        status, line = self.hub.push(graph.compress(start_s * NS, (duration_s or self.window_s) * NS), host=host)
        assert status == 200, (status, line)


# A promise, so that the browser works only when something changes.
IDLE = f"""new Promise((tell) => {{
  const body = document.getElementById('body');
  const look = () => body.getAttribute('aria-busy') === 'false' && tell(true);
  new MutationObserver(look).observe(body, {{ attributes: true }});
  setTimeout(() => tell(false), {PATIENCE_S * 1000});
  look();
}})"""


def settled(page):
    """The same page when all that it asked for is shown."""
    assert page.evaluate(IDLE), f"it waits for ever: {page.errors()}"
    page.settle()
    return page


def click(page, selector):
    page.click(selector)
    return settled(page)


def press(page, *keys):
    page.press(*keys)
    return settled(page)


def pick(page, selector, value):
    page.call("selectOption", selector, value)
    return settled(page)


def type_in(page, selector, text, end="Enter"):
    page.call("fill", selector, text)
    page.call("press", selector, end)
    return settled(page)


def rows(page, root, kind="tbody tr:not(.rest):not(.below)"):
    """Of each row the text of each cell, by the key of its column."""
    return page.evaluate(
        f"[...document.querySelectorAll({json.dumps(f'{root} {kind}')})].map((row) => Object.fromEntries("
        "[...row.children].map((cell) => [cell.dataset.key, cell.textContent.trim()])))")


def state(page):
    """What is in the address."""
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def chips(page):
    return page.texts("#filters .chip bdi")


def shows(text, value, digits):
    """The text begins with this number, rounded to so many digits; nothing is a dash, or no text."""
    if value is None:
        return text in ("–", "")
    found = re.match(rf"[+±]?(-?\d+\.\d{{{digits}}})(?!\d)", text)
    return bool(found) and abs(float(found[1]) - value) <= 0.5 * 10**-digits + 1e-9


def is_group(row, group):
    """A row of the overview says what hogs --json does."""
    key, own = group["key"], group["self"]
    first = next(iter(key))
    wrong = []

    def compare(column, value, digits=1, factor=100):
        if column in row and not shows(row[column], None if value is None else factor * value, digits):
            wrong.append((column, row[column], value))

    if not row[first].startswith(key[first] or "(none)"):
        wrong.append((first, row[first], key[first]))
    compare("self", own["cores"], 3, 1)
    compare("error", own["error"], 3, 1)
    compare("share", own["share"])
    compare("total", group["total"]["cores"], 3, 1)
    compare("kernel", group["kernel_share"])
    compare("named", group["named_share"])
    compare("cut", group["truncated_share"])
    if "hosts" in row:
        compare("p50", group["cores_per_host"]["p50"], 3, 1)
        compare("p99", group["cores_per_host"]["p99"], 3, 1)
        if row["hosts"] != str(group["n_hosts"]):
            wrong.append(("hosts", row["hosts"], group["n_hosts"]))
    if "top" in row and group["top_function"]:
        top = group["top_function"]
        if not shows(row["top"], 100 * top["share"], 1) or f"  {top['function']}" not in row["top"]:
            wrong.append(("top", row["top"], top))
    return wrong


def check_table(name, page, answer):
    """The table of the overview is that answer, group by group, and its last row the sum."""
    shown = rows(page, "#hogs")
    wrong = [pair for pair in map(is_group, shown, answer["groups"]) if pair]
    last = rows(page, "#hogs", "tr.rest")[-1]
    return h.check(name, len(shown) == len(answer["groups"]) > 0 and not wrong and
                   shows(last["self"], answer["sum"]["self"]["cores"], 3),
                   (wrong[:3], len(shown), len(answer["groups"]), last))


def facts_of(answer):
    """What the page says below of how complete that answer is."""
    recorded, total = answer["recorded"], answer["sum"]
    hosts, lost = recorded["hosts"], recorded["lost_share"]
    silent = sum(host["is_silent"] for host in hosts)
    wall = sum(host["wall_ns"] for host in hosts) / len(hosts)
    covered = min(1, wall / (recorded["end_ns"] - recorded["start_ns"]))
    return [f"{len(hosts)} hosts", f"{silent} silent" if silent else "none silent", f"covered {100 * covered:.1f} %",
            "no ledger" if lost is None else f"lost {float(format(100 * lost, '.2g')):g} %",
            f"cut {100 * total['truncated_share']:.1f} %", f"named {100 * total['named_share']:.1f} %",
            f"{recorded['n_windows']} windows", f"{total['self']['n_samples']:,} samples"]


def top_rows(page, root):
    """The functions of a flame graph: {(function, library): [numbers]}."""
    found = page.evaluate(f"[...document.querySelectorAll('{root} .top .row')].map((row) => [...row.children].map("
                          "(cell) => (cell.querySelector('.name') || cell).textContent))")
    return {(row[-2], row[-1]): row[:-2] for row in found}


def shown_as(numbers, group):
    """Cores of the graph are by the host that was recorded longest, so only the samples' time can be compared."""
    return numbers is not None and shows(numbers[0].split(" ")[-2], 100 * group["self"]["share"], 2) and \
        shows(numbers[1].split(" ")[-2], 100 * group["total"]["share"], 2)


def check_functions(name, page, answer):
    """The functions of the graph are the groups of that answer."""
    shown, groups = top_rows(page, "#flame"), answer["groups"]
    wrong = [(g["key"], shown.get((g["key"]["function"], g["key"]["library"]))) for g in groups
             if not g["key"]["function"].startswith("[") and
             not shown_as(shown.get((g["key"]["function"], g["key"]["library"])), g)]
    return h.check(name, len(shown) >= len(groups) > 5 and not wrong, wrong)


def is_change(text, change, scale, digits):
    """A cell of the table of changes is that of diff --json."""
    if change["is_noise"]:
        return text == ("0" if change["before"] == change["after"] else "noise")
    return shows(text, change["delta"] / scale, digits)


def check_diff(name, page, answer, scale=1e9, digits=3):
    shown, wrong = rows(page, "#diff"), []
    for row, expected in zip(shown, answer["rows"]):
        own = expected["self"]
        if not (row["name"].startswith(expected["name"]) and shows(row["before"], own["before"] / scale, digits) and
                shows(row["after"], own["after"] / scale, digits) and is_change(row["self-change"], own, scale, digits) and
                is_change(row.get("total-change", row["self-change"]), expected["total"], scale, digits) and
                shows(row["self-error"], own["error"] / scale, digits)):
            wrong.append((row, expected))
    total, text = answer["sum"], page.texts("#diff .summary p")
    sides = [shows(text[i].split(" ", 1)[1], total[side] / scale, digits) for i, side in enumerate(("before", "after"))]
    h.check(name, len(shown) == len(answer["rows"]) > 0 and not wrong and all(sides) and
            shows(text[2].split(" ", 1)[1], total["delta"] / scale, digits), (wrong[:2], text, total, len(shown)))
    return shown


def run(b, f, *cases, refusing=(), hurrying=()):
    """Each leaves no error in the console, and no request to anybody but the server. refusing: those in which the server
    has to refuse something, which the browser tells; hurrying: those that may ask for more than it answers at a time: 503,
    and when to come again."""
    for case in cases:
        h.case(case, b, f)
        log = b.ask(do="log")
        expected = "Failed to load resource" if case in refusing else \
            "Failed to load resource: the server responded with a status of 503" if case in hurrying else None
        told = [text for text in log["errors"] if not expected or not text.startswith(expected)]
        strangers = [url for url in browser.Page(b).requests() if not url.startswith(f.hub.url)]
        h.check(f"no console error, no request that leaves ({case.__name__.replace('_', ' ')})",
                not told and not strangers, (told, strangers))
