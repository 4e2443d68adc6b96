# SPDX-License-Identifier: Apache-2.0
"""What is left on a disk when the power goes: replays a journal of tests/e2e/disk-shim.c onto a model of the directory as
it was before, in which data is durable by fsync() of its file, and a name by fsync() of its directory.

    disk = power_cut.Disk(before)
    for change in power_cut.changes(journal):
        disk.apply(change)
        disk.write("synced", at)  # the directory as the next start finds it

Of what was not synced, "synced" keeps nothing, "names" every name but no data (a rename before its fsync shows as an
empty file), "data" no name, and of each file the first half of what has changed in it, "torn" whatever chance decides,
per directory in order; "all" keeps all: that is a kill, not a power cut.
"""
import os
import pathlib

HOW = ("synced", "names", "data", "torn", "all")


class File:
    def __init__(self, data=b""):
        self.data = bytearray(data)
        self.synced = bytes(data)

    def sync(self):
        self.synced = bytes(self.data)

    def _half(self):
        changed = [i for i, (new, old) in enumerate(zip(self.data, self.synced)) if new != old]
        n = changed[len(changed) // 2] if changed else 0
        return bytes(self.data[:n]) + self.synced[n:]

    def content(self, how, chance):
        if how == "all" or (how == "torn" and chance.random() < 0.5):
            return bytes(self.data)
        if how == "data":
            return self._half()
        if how == "torn" and chance.random() < 0.5:
            kept = chance.randrange(len(self.data) + 1)
            return bytes(self.data[:kept]) + self.synced[kept:]
        return self.synced


class Folder:
    def __init__(self):
        self.names = {}
        self.mtime_ns = 0
        self.synced = ({}, 0)
        self.pending = []  # the states since then, oldest first

    def change(self, mtime_ns):
        self.mtime_ns = mtime_ns or self.mtime_ns
        self.pending.append((dict(self.names), self.mtime_ns))

    def sync(self):
        self.synced = (dict(self.names), self.mtime_ns)
        self.pending = []

    def content(self, how, chance):
        if how in ("all", "names"):
            return self.names, self.mtime_ns
        if how == "torn":
            return chance.choice([self.synced] + self.pending)
        return self.synced


def load(path):
    folder = Folder()
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            folder.names[entry.name] = load(entry.path)
        else:
            folder.names[entry.name] = File(pathlib.Path(entry.path).read_bytes())
    folder.mtime_ns = os.stat(path).st_mtime_ns
    folder.sync()
    return folder


def inodes(path, folder, found):
    for entry in os.scandir(path):
        node = folder.names[entry.name]
        if isinstance(node, Folder):
            inodes(entry.path, node, found)
        else:
            found[entry.inode()] = node
    return found


class Disk:
    """The directory at path, all of it durable. The program must run in that very one: files are known by inode."""

    def __init__(self, path):
        self.root = load(path)
        self.files = inodes(path, self.root, {})

    def _find(self, path):
        node = self.root
        for part in pathlib.PurePath(path).parts:
            node = node.names[part]
        return node

    def _parent(self, path):
        path = pathlib.PurePath(path)
        return self._find(path.parent), path.name

    def apply(self, change):
        what, *rest = change
        getattr(self, f"_on_{what}")(*rest)

    def _on_create(self, inode, mtime_ns, path):
        folder, name = self._parent(path)
        self.files[inode] = folder.names[name] = File()
        folder.change(mtime_ns)

    def _on_mkdir(self, mtime_ns, path):
        folder, name = self._parent(path)
        folder.names[name] = Folder()
        folder.change(mtime_ns)

    def _on_unlink(self, mtime_ns, path):
        folder, name = self._parent(path)
        del folder.names[name]
        folder.change(mtime_ns)

    _on_rmdir = _on_unlink

    def _on_link(self, mtime_ns, old, new):
        folder, name = self._parent(new)
        folder.names[name] = self._find(old)
        folder.change(mtime_ns)

    def _on_rename(self, mtime_ns, old, new):
        source, old_name = self._parent(old)
        folder, name = self._parent(new)
        folder.names[name] = source.names.pop(old_name)
        folder.change(mtime_ns)
        if source is not folder:
            source.change(0)

    def _on_exchange(self, mtime_ns, old, new):
        (source, old_name), (folder, name) = self._parent(old), self._parent(new)
        source.names[old_name], folder.names[name] = folder.names[name], source.names[old_name]
        folder.change(mtime_ns)
        if source is not folder:
            source.change(0)

    def _on_write(self, inode, offset, data):
        content = self.files[inode].data
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data

    def _on_truncate(self, inode, size):
        content = self.files[inode].data
        del content[size:]
        content.extend(bytes(size - len(content)))

    def _on_fsync(self, inode, path):
        if inode in self.files:
            self.files[inode].sync()
        else:
            self._find(path).sync()

    def write(self, how, to, chance=None):
        """Makes the directory `to`, which must not exist, with what is left."""
        self._write(self.root, pathlib.Path(to), how, chance)

    def _write(self, folder, to, how, chance):
        names, mtime_ns = folder.content(how, chance)
        to.mkdir(mode=0o750)
        for name, node in names.items():
            if isinstance(node, Folder):
                self._write(node, to / name, how, chance)
            else:
                (to / name).write_bytes(node.content(how, chance))
        os.utime(to, ns=(mtime_ns, mtime_ns))


def changes(journal):
    """The changes of a journal file, in order."""
    with open(journal, "rb") as f:
        while line := f.readline():
            what, _, rest = line.decode(errors="surrogateescape").rstrip("\n").partition(" ")
            if what == "write":
                inode, offset, size = map(int, rest.split())
                yield what, inode, offset, f.read(size)
            elif what == "truncate":
                yield what, *map(int, rest.split())
            elif what == "create":
                inode, mtime_ns, path = rest.split(" ", 2)
                yield what, int(inode), int(mtime_ns), path
            elif what == "fsync":
                inode, path = rest.split(" ", 1)
                yield what, int(inode), path
            elif what in ("rename", "exchange", "link"):
                mtime_ns, names = rest.split(" ", 1)
                yield what, int(mtime_ns), *names.split("\t")
            else:
                mtime_ns, path = rest.split(" ", 1)
                yield what, int(mtime_ns), path
