# SPDX-License-Identifier: Apache-2.0
"""Grafana Pyroscope as a single process, and what it keeps.

    with pyroscope.Pyroscope() as store:
        store.url                                  takes push.v1, /ingest and OTLP/HTTP
        store.samples('{host="a"}', kind="cpu")    comparable: see samples.py
"""
import json
import time

import curl
import daemon
import pprof
import proto
import provision
import samples

HOUR_MS = 3_600_000
# without addresses of its own each ring looks for a network interface, and each push is answered 503
ADDRESSES = ("compactor.ring.instance-addr", "distributor.ring.instance-addr", "overrides-exporter.ring.instance-addr",
             "query-scheduler.ring.instance-addr", "query-frontend.instance-addr",
             "store-gateway.sharding-ring.instance-addr", "ingester.lifecycler.addr", "memberlist.bind-addr",
             "memberlist.advertise-addr", "server.http-listen-address", "server.grpc-listen-address")


class Pyroscope(daemon.Daemon):
    N_PORTS = 3

    def __init__(self, name="pyroscope", multitenant=False):
        super().__init__(name)
        self.program = provision.go_program("pyroscope", "github.com/grafana/pyroscope/cmd/pyroscope")
        self.multitenant = multitenant

    def command(self):
        flags = {
            "target": "all", "storage.backend": "filesystem", "storage.filesystem.dir": self.dir / "shared",
            "pyroscopedb.data-path": self.dir / "data", "blocks-storage.bucket-store.sync-dir": self.dir / "sync",
            "compactor.data-dir": self.dir / "compactor",
            "server.http-listen-port": self.ports[0], "server.grpc-listen-port": self.ports[1],
            "memberlist.bind-port": self.ports[2], "self-profiling.disable-push": "true",
            "usage-stats.enabled": "false", "ingester.min-ready-duration": "0s", "log.level": "warn",
            "auth.multitenancy-enabled": str(self.multitenant).lower(),
        } | {name: "127.0.0.1" for name in ADDRESSES}
        return [self.program, *(f"-{name}={value}" for name, value in flags.items())]

    def is_ready(self):
        return daemon.answers(f"{self.url}/ready")

    def query(self, method, request, kind="application/json", tenant=None):
        headers = {"Content-Type": kind} | ({"X-Scope-OrgID": tenant} if tenant else {})
        r = curl.request("POST", f"{self.url}/querier.v1.QuerierService/{method}", request, headers)
        assert r.status == 200, f"{method}: {r.status} {r.body[:300]}"
        return r

    def series(self, selector, tenant=None):
        """The label sets, without those that Pyroscope makes."""
        now_ms = time.time_ns() // 1_000_000
        request = {"matchers": [selector], "start": now_ms - 2 * HOUR_MS, "end": now_ms + HOUR_MS}
        answer = self.query("Series", json.dumps(request).encode(), tenant=tenant).json()
        found = [{p["name"]: p["value"] for p in s["labels"]} for s in answer.get("labelsSet", [])]
        own = [{k: v for k, v in labels.items() if not k.startswith("__")} for labels in found]
        return [labels for i, labels in enumerate(own) if labels not in own[:i]]

    def samples(self, selector, kind="cpu", tenant=None):
        """One query for each label set: an answer has no labels."""
        unit = {"cpu": "nanoseconds", "samples": "count"}[kind]
        sets = self.series(selector, tenant)
        names = {name for labels in sets for name in labels}
        now_ms = time.time_ns() // 1_000_000
        result = {}
        for labels in sets:
            exact = ",".join(f"{name}={json.dumps(labels.get(name, ''), ensure_ascii=False)}" for name in sorted(names))
            request = proto.message(
                (1, f"process_cpu:{kind}:{unit}:cpu:nanoseconds"), (2, f"{{{exact}}}"), (3, now_ms - 2 * HOUR_MS),
                (4, now_ms + HOUR_MS))
            profile = pprof.decode(self.query("SelectMergeProfile", request, "application/proto", tenant).body)
            for s in profile.samples:
                samples.add(result, labels, reversed(s.names), s.values[kind])
        return result
