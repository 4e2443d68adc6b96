# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus, and what it answers.

    with prometheus.Prometheus(config) as p:    config: as prometheus.yml has it, but for where rules lie
        p.query("up")                           [(labels, value)] of an instant query, now
        p.get("rules")                          the data of that answer of its API
    prometheus.promtool("check", "rules", path)    a Result
"""
import functools
import json
import urllib.parse

import curl
import daemon
import harness as h
import provision


@functools.lru_cache(maxsize=None)
def programs():
    return provision.debian_packages("prometheus") / "usr" / "bin"


def promtool(*args):
    return h.run(programs() / "promtool", *args)


class Prometheus(daemon.Daemon):
    def __init__(self, config, name="prometheus"):
        super().__init__(name)
        self.program = programs() / "prometheus"
        self.config = config

    def command(self):
        (self.dir / "prometheus.yml").write_text(json.dumps(self.config))
        return [self.program, f"--config.file={self.dir}/prometheus.yml", f"--storage.tsdb.path={self.dir}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]

    def is_ready(self):
        return daemon.answers(f"{self.url}/-/ready")

    def get(self, path, **query):
        r = curl.request("GET", f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}")
        answer = r.json() if r.body else {}
        assert answer.get("status") == "success", f"{path} {query}: {r.status} {answer}"
        return answer["data"]

    def query(self, expr):
        return [(s["metric"], float(s["value"][1])) for s in self.get("query", query=expr)["result"]]
