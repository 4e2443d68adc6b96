# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 of its own, with systemd as its process 1, in namespaces of this machine: the kernel, and so BPF, is the
real one. Its base comes from debootstrap, with what a cpuhound package depends on, and is kept in
~/.cache/cpuhound-tests. The PID namespace is a nested one: the agent says so and samples."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e/lib"))
import harness as h  # noqa: E402

CACHE = pathlib.Path.home() / ".cache" / "cpuhound-tests"
INSTALL_S = 1200  # a gross hang
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}

# In the new namespaces, with the root in $1. /proc/sys stays as it is: it is this machine's.
BOOT = r"""
set -e
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --bind -o ro proc/sys proc/sys
mount -t sysfs sys sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs tmp run
mount -t tmpfs tmp tmp
mount -t tmpfs -o mode=755 tmp dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for name in null zero full random urandom tty; do
  touch "dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
pivot_root . mnt
umount -l /mnt
exec env -i container=cpuhound-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
"""


def missing():
    """What this machine lacks for it, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not cgroup2():
        return "no cgroup2 is mounted"
    return next((f"no {tool} here" for tool in ("debootstrap", "unshare", "nsenter") if not shutil.which(tool)), None)


def cgroup2():
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return next((line.split()[1] for line in f if line.split()[2] == "cgroup2"), None)


def base(dependencies):
    """The archive that a host is unpacked from; dependencies: packages in it beside the minimum."""
    archive = CACHE / "debian-12-base.tar"
    wanted = ",".join(["systemd-sysv", "dbus", *sorted(dependencies)])
    note = CACHE / "debian-12-base.packages"
    if archive.exists() and note.exists() and note.read_text() == wanted:
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    root = pathlib.Path(h.tmp("base"))
    command = ["debootstrap", "--variant=minbase", f"--include={wanted}", "bookworm", root]
    r = h.run(*command, timeout=INSTALL_S)
    if r.rc != 0:
        h.skip_all("debootstrap failed, is there a Debian mirror? " + r.stdout[-300:])
    # Each host makes a machine id of its own; apt's archives are not needed again.
    (root / "etc/machine-id").write_text("")
    shutil.rmtree(root / "var/cache/apt/archives")
    subprocess.run(["tar", "-C", root, "-cf", f"{archive}.new", "."], check=True)
    os.rename(f"{archive}.new", archive)
    note.write_text(wanted)
    shutil.rmtree(root)
    return archive


class Host:
    def __init__(self, dependencies):
        self.root = pathlib.Path(h.tmp("debian"))
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", base(dependencies)], check=True)
        self.cgroup = pathlib.Path(cgroup2()) / f"cpuhound-test-{os.getpid()}"
        self.init = None

    def boot(self):
        self.cgroup.mkdir()
        # cgroup.procs first, then the namespace: its root is then the group itself.
        enter = f'echo $$ >{self.cgroup}/cgroup.procs; exec unshare -m -p -C -u -i -n --fork --kill-child sh -c "$0" sh "$1"'
        parent = h.start("sh", "-c", enter, BOOT, self.root)
        self.init = h.until(lambda: _child_of(parent.pid))
        h.until(lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"))

    def run(self, *command):
        return h.run(*self._where(), *command, env=ENVIRONMENT, timeout=INSTALL_S)

    def start(self, *command):
        return h.start(*self._where(), *command, env=ENVIRONMENT)

    def _where(self):
        return ["nsenter", "-t", self.init, "-m", "-p", "-C", "-u", "-i", "-n"]

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def close(self):
        """All that runs in it ends with its process 1."""
        if self.init:
            os.kill(self.init, 9)
            h.until(lambda: not pathlib.Path(f"/proc/{self.init}").exists())
        for group in sorted(self.cgroup.glob("**/"), reverse=True):
            h.until(lambda: _remove(group))  # pylint: disable=cell-var-from-loop


def _remove(group):
    try:
        group.rmdir()
    except FileNotFoundError:
        pass
    except OSError:
        time.sleep(0.05)
        return False
    return True


def _child_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None
