# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry Collector that writes the profiles it takes to a file.

    with collector.Collector() as store:
        store.url           takes OTLP/HTTP
        store.requests()    what came, as OTLP's JSON, in order
        store.samples()     comparable: see samples.py. Of sample type samples/count, as `cpu`: value * period
"""
import json

import curl
import daemon
import provision
import samples

CONFIG = """receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
exporters:
  file:
    path: {dir}/profiles.json
    flush_interval: 50ms
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    profiles:
      receivers: [otlp]
      exporters: [file]
"""


def value_of(any_value, strings):
    """Of an AnyValue with one plain value; the Collector moves strings into its dictionary, those of resources, too."""
    ((kind, value),) = any_value.items()
    return {"intValue": lambda: int(value), "stringValueStrindex": lambda: strings[value]}.get(kind, lambda: value)()


def attributes_of(pairs, strings):
    return {p.get("key") or strings[p["keyStrindex"]]: value_of(p["value"], strings) for p in pairs}


def names_of(stack, dictionary):
    """Leaf first; "" for a frame without a name."""
    strings, result = dictionary["stringTable"], []
    for i in stack.get("locationIndices", []):
        for line in dictionary["locationTable"][i].get("lines", [{}]):
            function = dictionary["functionTable"][line.get("functionIndex", 0)]
            result.append(strings[function.get("nameStrindex", 0)])
    return result


def add_request(result, request, kind):
    """Resource attributes and those of the sample are its labels, as Pyroscope takes them."""
    dictionary = request["dictionary"]
    strings = dictionary["stringTable"]
    for resource in request["resourceProfiles"]:
        common = attributes_of(resource.get("resource", {}).get("attributes", []), strings)
        for profile in (p for scope in resource["scopeProfiles"] for p in scope["profiles"]):
            period = int(profile["period"])
            assert strings[profile["sampleType"]["typeStrindex"]] == "samples"
            for s in profile["samples"]:
                (value,) = s["values"]
                own = attributes_of([dictionary["attributeTable"][i] for i in s.get("attributeIndices", [])], strings)
                names = names_of(dictionary["stackTable"][s.get("stackIndex", 0)], dictionary)
                samples.add(result, common | own, names, int(value) * (period if kind == "cpu" else 1))


class Collector(daemon.Daemon):
    def __init__(self, name="collector"):
        super().__init__(name)
        self.program = provision.go_program("collector", ".")

    def command(self):
        (self.dir / "collector.yaml").write_text(CONFIG.format(dir=self.dir, port=self.port))
        return [self.program, "--config", self.dir / "collector.yaml", "--feature-gates=service.profilesSupport"]

    def is_ready(self):
        """400: an empty body is a message, but not of this type."""
        return curl.request("POST", f"{self.url}/v1development/profiles", b"{",
                            {"Content-Type": "application/json"}).status == 400

    def requests(self):
        path = self.dir / "profiles.json"
        lines = path.read_text().split("\n") if path.exists() else []
        return [json.loads(line) for line in lines[:-1]]  # the last is not whole yet

    def samples(self, kind="samples"):
        result = {}
        for request in self.requests():
            add_request(result, request, kind)
        return result
