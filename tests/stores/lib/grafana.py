# SPDX-License-Identifier: Apache-2.0
"""What Grafana asks for a dashboard of packaging/grafana/: its targets and variables with all variables at All; and the
requests that its Pyroscope data source makes of them (grafana/grafana-pyroscope-datasource, pkg/: the same messages, in
Connect's binary form; here as JSON, which the same handlers read).

    board = grafana.Dashboard("cpuhound-agents.json")
    board.targets()              [(title of the panel, target)]
    board.variables()            (name, query) of those that ask
    board.values["job"] = "a|b"  All of one that has no allValue
    board.chosen["job"] = "a"    one of its list
    board.faults()               "" when it has the form that Grafana's types want
    source = grafana.Pyroscope(store, start_s, end_s)
    source.series(target)        {labels: [(time in s, cores)]}
    source.stacks(target)        {stack, leaf first: ns of its own}
"""
import collections
import json
import pathlib
import re

import harness as h
import provision

FORMS = pathlib.Path(__file__).resolve().parents[1] / "grafana"
FOLDER = h.ROOT / "packaging" / "grafana"
MIN_STEP_S = 15  # minStep of the data source
RATE_INTERVAL = "10s"
SPECIAL = r"[-/\\^$*+?.()|[\]{}]"  # what the format `regex` quotes


class Dashboard:
    def __init__(self, name):
        self.path = FOLDER / "dashboards" / name
        self.json = json.loads(self.path.read_text())
        self.values = {v["name"]: v.get("allValue") for v in self.json["templating"]["list"]}
        self.chosen = {}

    def filled(self, text):
        """With the values of its variables; allValue is put in as it is, whatever the format."""
        def value(m):
            name, form = m[1] or m[3], m[2]
            if name in self.chosen:
                return re.sub(SPECIAL, r"\\\g<0>", self.chosen[name]) if form == "regex" else self.chosen[name]
            return RATE_INTERVAL if name == "__rate_interval" else self.values[name]

        return re.sub(r"\$(?:\{(\w+)(?::(\w+))?\}|(\w+))", value, text)

    def targets(self):
        keys = ("expr", "labelSelector")
        return [(f"{self.path.stem}: {panel['title']}",
                 {k: self.filled(v) if k in keys else v for k, v in target.items()})
                for panel in self.json["panels"] for target in panel.get("targets", [])]

    def variables(self):
        """What one asks for may depend on the value of the one before."""
        for v in self.json["templating"]["list"]:
            if v["type"] == "query":
                yield v["name"], {k: self.filled(x) if k == "query" else x for k, x in v["query"].items()}

    def faults(self):
        modules = provision.node_modules("grafana", FORMS)
        whole = dict(self.json)
        lines = [(FORMS / "forms.ts").read_text()]

        def must_be(form, value):
            lines.append(f"export const c{len(lines)}: {form} = {json.dumps(value)};")

        panels = whole.pop("panels")
        must_be("Whole", whole)
        for panel in panels:
            kind = panel["type"]
            must_be(f'Panels["{kind}"]', panel)
            if kind != "row":
                must_be(f'Options["{kind}"]', panel["options"])
                must_be(f'Custom["{kind}"]', panel["fieldConfig"]["defaults"].get("custom", {}))
        source = pathlib.Path(h.tmp(self.path.stem + ".ts"))
        source.write_text("\n".join(lines))
        link = pathlib.Path(h.tmp("node_modules"))
        if not link.exists():
            link.symlink_to(modules)
        r = h.run("node", modules / "typescript" / "bin" / "tsc", "--noEmit", "--strict", "--skipLibCheck", "--module",
                  "nodenext", source)
        assert r.rc == 0 or r.stdout, r
        return r.stdout


class Pyroscope:
    """The data source, as it is provisioned, over a range of time."""

    def __init__(self, store, start_s, end_s):
        self.store = store
        self.range = {"start": int(start_s * 1000), "end": int(end_s * 1000)}

    def ask(self, method, **request):
        return self.store.query(method, json.dumps(self.range | request).encode()).json()

    def profile_types(self):
        return {t["ID"] for t in self.ask("ProfileTypes").get("profileTypes", [])}

    def label_names(self, kind):
        return set(self.ask("LabelNames", matchers=[of_type(kind)]).get("names", []))

    def label_values(self, query):
        """Of a variable."""
        assert query["type"] == "labelValue", query
        return set(self.ask("LabelValues", name=query["labelName"], matchers=[of_type(query["profileTypeId"])])
                   .get("names", []))

    @staticmethod
    def selection(target):
        return {"profileTypeID": target["profileTypeId"], "labelSelector": target["labelSelector"]}

    def series(self, target):
        assert target["queryType"] == "metrics", target
        answer = self.ask("SelectSeries", **self.selection(target), groupBy=target["groupBy"], step=MIN_STEP_S,
                          limit=target["limit"])
        return {frozenset((p["name"], p["value"]) for p in s["labels"]):
                [(int(p["timestamp"]) / 1000, p["value"] / MIN_STEP_S / 1e9) for p in s["points"]]
                for s in answer.get("series", [])}

    def stacks(self, target):
        assert target["queryType"] == "profile", target
        graph = self.ask("SelectMergeStacktraces", **self.selection(target)).get("flamegraph", {})
        levels = [[int(n) for n in level["values"]] for level in graph.get("levels", [])]
        return stacks_of(levels, graph.get("names", []))


def of_type(kind):
    return f'{{__profile_type__="{kind}"}}'


def stacks_of(levels, names):
    """Of a flamebearer: a level's bars are (distance from the one before, width, own width, name); a bar lies below
    the one that it is within."""
    stacks, above = collections.Counter(), []
    for level in levels:
        bars, at = [], 0
        for i in range(0, len(level), 4):
            start, width, own, name = at + level[i], *level[i + 1:i + 4]
            at = start + width
            caller = next((stack for first, end, stack in above if first <= start and at <= end), ())
            stack = (names[name], *caller)
            bars.append((start, at, stack))
            if own:
                stacks[stack[:-1]] += own  # without the root, "total"
        above = bars
    return stacks
