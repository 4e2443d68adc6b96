# SPDX-License-Identifier: Apache-2.0
"""An ExportProfilesServiceRequest of opentelemetry/proto/collector/profiles/v1development (1.11.0), by the numbers of
its fields. A resource for each label set.

    body = otlp.encode(samples, time_ns, duration_ns, period_ns, host="a")
"""
import itertools

import proto


class Table:
    """Element 0 is the empty one."""

    def __init__(self):
        self.index = {None: 0}

    def __call__(self, key):
        return self.index.setdefault(key, len(self.index))

    def rows(self, encode):
        return [b"" if key is None else encode(key) for key in self.index]


def encode(samples, time_ns, duration_ns, period_ns, **attributes):
    strings, functions, locations, stacks, resources = Table(), Table(), Table(), Table(), []
    for labels, values in samples.items():
        pairs = {("service.name" if k == "service_name" else k): v for k, v in labels} | attributes
        resource = proto.message(*((1, proto.message((1, k), (2, proto.message((1, v))))) for k, v in pairs.items()))
        rows = []
        for stack, value in values.items():
            ids = tuple(locations(functions(strings(name))) for name in stack)
            rows.append((2, proto.message((1, stacks(ids)), (4, [value]))))
        count = proto.message((1, strings("samples")), (2, strings("count")))
        cpu = proto.message((1, strings("cpu")), (2, strings("nanoseconds")))
        profile = proto.message((1, count), *rows, (3, proto.Fixed64(time_ns)), (4, duration_ns), (5, cpu),
                                (6, period_ns))
        scope = proto.message((1, proto.message((1, "process_cpu"))), (2, profile))
        resources.append((1, proto.message((1, resource), (2, scope))))
    tables = itertools.chain(
        [(1, b"")],
        ((2, row) for row in locations.rows(lambda f: proto.message((3, proto.message((1, f)))))),
        ((3, row) for row in functions.rows(lambda name: proto.message((1, name)))),
        [(4, proto.message((1, bytes(16)), (2, bytes(8))))],
        ((5, text or "") for text in strings.index),
        [(6, b"")],
        ((7, row) for row in stacks.rows(lambda ids: proto.message((1, list(ids))))))
    return proto.message(*resources, (2, proto.message(*tables)))
