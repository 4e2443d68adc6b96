# SPDX-License-Identifier: Apache-2.0
"""A disk with a cache that forgets, for a guest of qemu: a network block device on a Unix socket
(https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, its oldstyle handshake), all of it in memory.

    disk = volatile_disk.Disk(image)
    with disk.plugged_in(path):
        ...  # a qemu with -drive file=nbd+unix:///?socket=PATH,cache=writeback, which is killed
    disk.cut("torn", chance)

What a guest has written is in the cache, as of any disk that says that it has one, until the guest flushes it; then it
is durable. When the power goes, "flushed" keeps only that; "all" keeps the cache, too (a disk with a capacitor, or
without a cache); "torn" keeps what chance decides of it, sector by sector, in no order.
"""
import contextlib
import os
import socket
import struct
import threading

SECTOR_BYTES = 4096  # what a disk writes whole or not at all; with 512, ext4 does not mount with a torn commit block
HOW = ("flushed", "torn", "all")
HELLO = struct.pack(">8sQ", b"NBDMAGIC", 0x420281861253)
FLAGS = 1 << 0 | 1 << 2  # there are flags; it can be told to flush
READ, WRITE, DISCONNECT, FLUSH = range(4)
REQUEST = struct.Struct(">IHHQQI")
REPLY = struct.Struct(">IIQ")
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
MAX_BYTES = 32 << 20  # of one request


class Disk:
    """keeps_promises: whether a flush makes anything durable."""

    def __init__(self, image, keeps_promises=True):
        self.durable = bytearray(image)
        self.now = bytearray(image)  # what reads see
        self.cache = []  # writes that were not flushed, (offset, bytes), the oldest first
        self.keeps_promises = keeps_promises
        self.n_writes = self.n_flushes = self.n_torn = 0

    def cut(self, how, chance):
        share = {"flushed": 0, "torn": chance.random(), "all": 1}[how]
        for offset, data in self.cache:
            for at in range(0, len(data), SECTOR_BYTES):
                if chance.random() < share:
                    self.durable[offset + at : offset + at + SECTOR_BYTES] = data[at : at + SECTOR_BYTES]
                else:
                    self.n_torn += 1
        self.cache = []
        self.now = bytearray(self.durable)

    def write(self, offset, data):
        self.now[offset : offset + len(data)] = data
        self.cache.append((offset, data))
        self.n_writes += 1

    def flush(self):
        if self.keeps_promises:
            for offset, data in self.cache:
                self.durable[offset : offset + len(data)] = data
            self.cache = []
        self.n_flushes += 1

    @contextlib.contextmanager
    def plugged_in(self, path):
        """Serves one guest. In the end all that it has sent has arrived, answered or not."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            server = threading.Thread(target=self._serve, args=(listener,), daemon=True)
            server.start()
            try:
                yield
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                server.join()

    def _serve(self, listener):
        with contextlib.suppress(OSError, EOFError):  # nobody came, or he was killed
            with listener.accept()[0] as connection:
                connection.sendall(HELLO + struct.pack(">QI124x", len(self.now), FLAGS))
                while self._answer(connection):
                    pass

    def _answer(self, connection):
        """False: that was the last request."""
        magic, _, what, handle, offset, size = REQUEST.unpack(receive(connection, REQUEST.size))
        if magic != REQUEST_MAGIC or what > FLUSH or size > MAX_BYTES or offset + size > len(self.now):
            raise ValueError(f"request {magic:#x} {what} of {size} bytes at {offset}")
        reply = b""
        if what == READ:
            reply = self.now[offset : offset + size]
        elif what == WRITE:
            self.write(offset, receive(connection, size))
        elif what == FLUSH:
            self.flush()
        else:
            return False
        connection.sendall(REPLY.pack(REPLY_MAGIC, 0, handle) + reply)
        return True


def receive(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
