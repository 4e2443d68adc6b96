# SPDX-License-Identifier: Apache-2.0
"""A writer of protobuf messages, by field numbers; the reader is in tests/e2e/lib/pprof.py.

    proto.message((1, "name"), (2, 7), (3, b"bytes or a message"), (4, proto.Fixed64(n)), (5, [1, 2, 3]))
A list of numbers is packed. Fields that are 0 or empty are written, too: an element of a repeated field may be empty.
"""
import collections
import struct

Fixed64 = collections.namedtuple("Fixed64", "value")


def varint(n):
    n &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _field(number, value):
    if isinstance(value, Fixed64):
        return varint(number << 3 | 1) + struct.pack("<Q", value.value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    elif isinstance(value, list):
        value = b"".join(map(varint, value))
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(_field(number, value) for number, value in fields)
