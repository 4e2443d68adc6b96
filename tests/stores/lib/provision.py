# SPDX-License-Identifier: Apache-2.0
"""The central stores that the tests push to, and the browser: got by ordinary package clients, each version pinned, and
kept in folders of ~/.cache/cpuhound-tests. A folder in there is whole or not there: it is made beside its place and
renamed. Its name has a hash of what it was made from; those of other hashes are removed.

    try:
        program = provision.go_program("parca", "github.com/parca-dev/parca/cmd/parca")
    except provision.Unavailable as e:
        h.skip_all(str(e))
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import harness as h

CACHE = pathlib.Path.home() / ".cache" / "cpuhound-tests"
STORES = CACHE / "stores"
SERVERS = pathlib.Path(__file__).resolve().parent.parent / "servers"
GET_S = 3000  # a guard against hanging: the longest build takes a tenth of it on 2 idle cores


class Unavailable(Exception):
    """Why a server cannot be had here."""


def needs(program, what_for):
    path = shutil.which(program)
    if not path:
        raise Unavailable(f"no {program}, {what_for}")
    return path


def must(what, *command, **options):
    try:
        r = h.run("nice", "-n", "19", *command, timeout=GET_S, **options)
    except subprocess.TimeoutExpired as e:
        raise Unavailable(f"{what}: not done after {GET_S} s") from e
    if r.rc != 0:
        raise Unavailable(f"{what}: {' '.join((r.stderr or r.stdout).split())[-300:]}")
    return r.stdout


@contextlib.contextmanager
def only_one(name, cache):
    """Two runs at once make it once."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f".{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(name, made_from, make, cache=STORES):
    """The folder of that name: what make(folder) left there, when it is not there yet."""
    digest = hashlib.sha256(b"\0".join(made_from)).hexdigest()[:12]
    folder, making = cache / f"{name}-{digest}", cache / f"{name}-making"
    with only_one(name, cache):
        if folder.is_dir():
            return folder
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        try:
            make(making)
        except Unavailable:
            shutil.rmtree(making, ignore_errors=True)
            raise
        for old in cache.glob(f"{name}-*"):
            if old != making:
                shutil.rmtree(old)
        making.rename(folder)
    return folder


def go_program(name, package):
    """A program of the Go module tests/stores/servers/NAME, whose go.mod and go.sum pin all that goes into it."""
    module = SERVERS / name
    files = sorted(f for f in module.iterdir() if f.suffix in (".mod", ".sum", ".go"))

    def make(folder):
        go = needs("go", f"to build {name} with")
        modules = folder / "modules"  # gigabytes, for some minutes
        env = os.environ | {"GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false", "GOMODCACHE": str(modules),
                            "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
        must(f"{name} is not to be had", go, "build", "-trimpath", "-ldflags=-s -w", "-o", folder / name, package,
             cwd=module, env=env)
        shutil.rmtree(modules)

    return cached(name, [f.name.encode() + b"\0" + f.read_bytes() for f in files], make) / name


def debian_packages(name, version=None, cache=STORES):
    """A package (None: the newest there was) and what it needs that is not installed: unpacked, not installed, so that
    no daemon starts. The folder is a root directory."""
    package = f"{name}={version}" if version else name

    def make(folder):
        apt = needs("apt-get", f"to get {name} with")
        must(f"{name} is not to be had", apt, "update", "-q")
        plan = must(f"{name} is not to be had", apt, "install", "-s", "--no-install-recommends", package)
        wanted = [f"{p}={v}" for p, v in re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", plan, re.MULTILINE)]
        wanted = wanted or [package]  # it is installed
        debs = folder / "debs"
        debs.mkdir()
        must(f"{name} is not to be had", apt, "-o", "APT::Sandbox::User=root", "download", "-q", *wanted, cwd=debs)
        for deb in debs.iterdir():
            must(f"{deb.name} cannot be unpacked", "dpkg", "-x", deb, folder)
        shutil.rmtree(debs)

    return cached(name, [(version or "").encode()], make, cache)


def node_modules(name, folder, cache=STORES):
    """The folder node_modules of what package.json and package-lock.json in that folder pin."""
    pinned = [folder / file for file in ("package.json", "package-lock.json")]

    def make(made):
        npm = needs("npm", f"to get {name} with")
        for file in pinned:
            shutil.copy(file, made)
        must(f"{name} is not to be had", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=made)

    return cached(name, [file.read_bytes() for file in pinned], make, cache) / "node_modules"


def python_with(name):
    """The interpreter of a virtual environment with what servers/NAME/requirements.txt pins by its hash."""
    requirements = SERVERS / name / "requirements.txt"

    def make(folder):
        must(f"{name} is not to be had", sys.executable, "-m", "venv", "--copies", folder)
        must(f"{name} is not to be had", folder / "bin" / "python3", "-m", "pip", "install", "--quiet", "--no-deps",
             "--no-cache-dir", "--disable-pip-version-check", "--require-hashes", "-r", requirements)

    return cached(name, [requirements.read_bytes(), sys.version.encode()], make) / "bin" / "python3"
