# SPDX-License-Identifier: Apache-2.0
"""Parca, in memory, and what it keeps.

    with parca.Parca() as store:
        store.url                                   takes gRPC (h2c) and HTTP
        store.samples('{host="a"}', kind="cpu")     comparable: see samples.py
"""
import base64
import datetime
import json
import time
import urllib.parse

import curl
import daemon
import provision
import samples

CONFIG = """object_storage:
  bucket:
    type: "FILESYSTEM"
    config:
      directory: "{dir}/objects"
"""
DAYS_S = 9 * 86400


def time_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Parca(daemon.Daemon):
    def __init__(self, name="parca"):
        super().__init__(name)
        self.program = provision.go_program("parca", "github.com/parca-dev/parca/cmd/parca")

    def command(self):
        (self.dir / "objects").mkdir(exist_ok=True)
        (self.dir / "parca.yaml").write_text(CONFIG.format(dir=self.dir))
        return [self.program, f"--config-path={self.dir}/parca.yaml", f"--http-address=127.0.0.1:{self.port}",
                "--debuginfod-upstream-servers=", "--profile-share-server=", "--log-level=warn"]

    def is_ready(self):
        return daemon.answers(f"{self.url}/api/profiles/types")

    def get(self, path, query):
        r = curl.request("GET", f"{self.url}/api/profiles/{path}?{urllib.parse.urlencode(query, doseq=True)}")
        assert r.status == 200, f"{path}: {r.status} {r.body[:300]}"
        return r.json()

    def times(self, prefix=""):
        now = time.time()
        return {f"{prefix}start": time_text(now - DAYS_S), f"{prefix}end": time_text(now + 3600)}

    def series(self, selector, kind="cpu"):
        """The label sets: without sum_by it adds them all up."""
        names = self.get("labels", self.times())["labelNames"]
        query = {"query": f"{self.kind(kind)}{selector}", "sum_by": names}
        sets = [s["labelset"]["labels"] for s in self.get("query_range", query | self.times()).get("series", [])]
        return [{p["name"]: p["value"] for p in labels if p["value"]} for labels in sets]

    @staticmethod
    def kind(kind):
        unit = {"cpu": "nanoseconds", "samples": "count"}[kind]
        return f"process_cpu:{kind}:{unit}:cpu:nanoseconds:delta"

    def samples(self, selector, kind="cpu"):
        """One query for each label set: an answer has no labels. It shows counts times the period, as cpu."""
        sets = self.series(selector, kind)
        names = {name for labels in sets for name in labels}
        result = {}
        for labels in sets:
            exact = ",".join(f"{name}={json.dumps(labels.get(name, ''), ensure_ascii=False)}" for name in sorted(names))
            query = {"mode": "MODE_MERGE", "report_type": "REPORT_TYPE_PPROF",
                     "merge.query": f"{self.kind(kind)}{{{exact}}}"}
            answer = self.get("query", query | self.times("merge."))
            for values in samples.decoded(base64.b64decode(answer["pprof"]), "cpu").values():
                for stack, value in values.items():
                    samples.add(result, labels, stack, value)
        return result
