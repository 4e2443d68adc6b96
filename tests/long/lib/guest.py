# SPDX-License-Identifier: Apache-2.0
"""Debian's kernels in qemu (emulated, so no KVM is needed), each with an initramfs of our own: busybox, cpuhound and
what it links. Kernels come from Debian by apt-get download and are kept in ~/.cache/cpuhound-tests."""
import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
CPUHOUND = pathlib.Path(os.environ.get("CPUHOUND", ROOT / "build" / "cpuhound"))
CACHE = pathlib.Path.home() / ".cache" / "cpuhound-tests"
BOOT_SECONDS = 400  # a gross hang; a boot and its recordings take 20 to 60 s


def missing_tool():
    return next((tool for tool in ("qemu-system-x86_64", "busybox", "apt-get") if not shutil.which(tool)), None)


def newest(pattern):
    names = subprocess.run(["apt-cache", "pkgnames", "linux-image-6"], capture_output=True, text=True).stdout.split()
    matching = [n for n in names if re.match(pattern, n)]
    return max(matching, key=lambda n: [int(x) for x in re.findall(r"\d+", n)], default=None)


def _unpack(package, take):
    """Downloads a package and gives the directory with its files to take()."""
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["apt-get", "download", "-q", package], cwd=tmp, check=True, capture_output=True)
        deb = next(pathlib.Path(tmp).glob("*.deb"))
        subprocess.run(["dpkg", "-x", deb.name, "x"], cwd=tmp, check=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        take(pathlib.Path(tmp) / "x")


def kernel_image(package):
    """The vmlinuz of a package, downloaded once."""
    cached = CACHE / package
    if not cached.exists():
        _unpack(package, lambda files: shutil.move(next((files / "boot").glob("vmlinuz-*")), cached))
    return cached


def kernel_modules(package, names):
    """The bytes of modules of a package by name, downloaded once."""
    def take(files):
        folder.mkdir(exist_ok=True)
        for name in names:
            path = next((files / "lib" / "modules").rglob(f"{name}.ko*"))
            content = path.read_bytes()
            (folder / f"{name}.ko").write_bytes(lzma.decompress(content) if path.suffix == ".xz" else content)

    folder = CACHE / f"{package}-modules"
    if not all((folder / f"{name}.ko").exists() for name in names):
        _unpack(package, take)
    return {name: (folder / f"{name}.ko").read_bytes() for name in names}


class Cpio:
    """An initramfs in the newc format (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0
        self.dirs = set()

    def add(self, name, mode, content=b""):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.data += b"\0" * (-len(self.data) % 4) + content
        self.data += b"\0" * (-len(self.data) % 4)

    def mkdir(self, name):
        parts = name.strip("/").split("/")
        for i in range(1, len(parts) + 1):
            path = "/".join(parts[:i])
            if path and path not in self.dirs:
                self.dirs.add(path)
                self.add(path, stat.S_IFDIR | 0o755)

    def file(self, name, content, mode=0o755):
        self.mkdir(os.path.dirname(name))
        self.add(name.lstrip("/"), stat.S_IFREG | mode, content)

    def link(self, name, target):
        self.add(name.lstrip("/"), stat.S_IFLNK | 0o777, target.encode())

    def finish(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def libraries(program):
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"(/\S+)", text)))


def initramfs(init, applets, modules=None, programs=(CPUHOUND,)):
    """modules: bytes by name, put into /modules; programs: paths of what goes to /, with what it links."""
    cpio = Cpio()
    for directory in ("proc", "sys", "dev", "bin", "sys/fs/cgroup"):
        cpio.mkdir(directory)
    cpio.file("/bin/busybox", pathlib.Path("/bin/busybox").read_bytes())
    for applet in applets:
        cpio.link(f"/bin/{applet}", "busybox")
    for program in programs:
        cpio.file(f"/{program.name}", program.read_bytes())
    for library in sorted(set().union(*(libraries(program) for program in programs))):
        cpio.file(library, pathlib.Path(library).resolve().read_bytes())
    cpio.file("/init", init.encode())
    for name, content in (modules or {}).items():
        cpio.file(f"/modules/{name}.ko", content)
    return cpio.finish()


def boot(kernel, initrd, extra="", smp="2", seconds=BOOT_SECONDS):
    """What the guest wrote to its console; kernel: a path, initrd: bytes."""
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1024", "-smp", smp,
               "-nographic", "-no-reboot", "-kernel", str(kernel), "-append", f"console=ttyS0 quiet panic=-1 {extra}"]
    with tempfile.NamedTemporaryFile() as f:
        f.write(initrd)
        f.flush()
        try:
            done = subprocess.run(command + ["-initrd", f.name], capture_output=True, timeout=seconds,
                                  stdin=subprocess.DEVNULL)
            return done.stdout.decode("utf-8", "replace").replace("\r", "")
        except subprocess.TimeoutExpired as e:
            return (e.stdout or b"").decode("utf-8", "replace") + "\nTIMEOUT"
