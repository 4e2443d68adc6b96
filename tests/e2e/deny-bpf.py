#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command below a seccomp filter that answers EPERM to bpf(2), as container runtimes do."""
import ctypes
import os
import platform
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
BPF_NR = {"x86_64": 321, "aarch64": 280}[platform.machine()]
EPERM = 1

LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
program = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (LOAD_WORD, 0, 0, 0),  # seccomp_data.nr
        (JUMP_EQUAL, 0, 1, BPF_NR),
        (RETURN, 0, 0, 0x00050000 | EPERM),  # SECCOMP_RET_ERRNO
        (RETURN, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    )
)


class SockFprog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
fprog = SockFprog(len(program) // 8, program)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(fprog)):
    sys.exit(f"no seccomp filter: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[1], sys.argv[1:])
