# SPDX-License-Identifier: Apache-2.0
"""Real programs with all kinds of debug info, for the comparison with llvm-symbolizer: sources of Debian 12, crates.io and
the Go distribution, built here once and kept in ~/.cache/cpuhound-tests."""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import harness as h
import symbols_oracle

CACHE = pathlib.Path.home() / ".cache" / "cpuhound-tests"
SOURCES = CACHE / "src"
DEEP = h.ROOT / "tests" / "e2e" / "workloads" / "deep.cc"

# make(folder, name): builds `name` in it; or the path of a file that is here without, and is never cached: the next
# checkout has another. oracle: the file that llvm-symbolizer is asked about where it cannot read this one.
# needs: commands and header packages. small: also part of ./dev test.
Program = collections.namedtuple("Program", "name make needs oracle small", defaults=((), None, False))
ALL = []
MADE = ".made"  # in a program's folder when it is whole


class Missing(Exception):
    """Something that a program is made of is not here, and cannot be had."""


def run(*command, cwd, **options):
    done = subprocess.run([str(c) for c in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **options)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command))[:200]}: {done.stderr[-400:]}")
    return done.stdout


def source(package):
    """The unpacked source package of this Debian, fetched with the machine's own list of archives."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    found = [p for p in SOURCES.iterdir() if p.is_dir() and re.fullmatch(rf"(lib)?{re.escape(package)}-\d.*", p.name)]
    if found:
        return found[0]
    with tempfile.TemporaryDirectory() as place:
        lists, state = pathlib.Path(place) / "lists", pathlib.Path(place) / "state"
        lists.mkdir()
        (state / "lists" / "partial").mkdir(parents=True)
        for given in pathlib.Path("/etc/apt/sources.list.d").glob("debian*.sources"):
            (lists / given.name).write_text(re.sub(r"^Types:.*", "Types: deb-src", given.read_text(), flags=re.M))
        if os.path.exists("/etc/apt/sources.list"):
            text = pathlib.Path("/etc/apt/sources.list").read_text(encoding="utf-8")
            (lists / "own.list").write_text(re.sub(r"^deb ", "deb-src ", text, flags=re.M))
        options = ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={lists}", "-o",
                   f"Dir::State::lists={state / 'lists'}"]
        run("apt-get", *options, "update", cwd=SOURCES)
        run("apt-get", *options, "source", package, cwd=SOURCES)
    return source(package)


def zstd_files():
    top = source("zstd")
    return [f for d in ("lib/common", "lib/compress", "lib/decompress", "lib/dictBuilder", "programs")
            for f in sorted(top.glob(f"{d}/*.c")) + sorted(top.glob(f"{d}/*.S"))]


def zstd(compiler, *flags):
    def make(folder, name):
        run(compiler, "-w", *flags, "-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_MULTITHREAD", f"-I{source('zstd')}/lib", "-o",
            folder / name, *zstd_files(), "-lpthread", cwd=folder)
    return make


def lua(compiler, *flags, package=None):
    """Compiled file by file: split units lie beside their objects, or in a package and nowhere else."""
    def make(folder, name):
        objects = []
        (folder / "lua5.4-deb-multiarch.h").write_text('#define DEB_HOST_MULTIARCH "cpuhound"\n')
        for file in sorted((source("lua5.4") / "src").glob("*.c")):
            if file.name != "luac.c":
                run(compiler, "-w", *flags, "-DLUA_USE_POSIX", f"-I{folder}", "-c", file, "-o", folder / f"{name}-{file.stem}.o", cwd=folder)
                objects.append(folder / f"{name}-{file.stem}.o")
        run(compiler, *flags, "-o", folder / name, *objects, "-lm", cwd=folder)
        units = sorted(folder.glob(f"{name}-*.dwo"))
        if package:
            run(*package(folder / name, units), cwd=folder)
            for unit in units:
                unit.unlink()
        for o in objects:
            o.unlink()
    return make


def re2(compiler, *flags, after=()):
    def make(folder, name):
        top = source("re2")
        files = [f for d in ("re2", "util") for f in sorted(top.glob(f"{d}/*.cc")) if f.name not in ("benchmark.cc", "test.cc", "fuzz.cc")]
        run(compiler, "-w", "-std=c++17", *flags, "-shared", "-fPIC", f"-I{top}", "-o", folder / name, *files, "-lpthread",
            cwd=folder)
        for command in after:
            run(*command, folder / name, cwd=folder)
    return make


def deep(compiler, *flags):
    """Templates over templates: Eigen, JSON and fmt in one file."""
    def make(folder, name):
        run(compiler, "-w", "-std=c++17", *flags, "-DFMT_HEADER_ONLY", "-isystem", "/usr/include/eigen3", "-o", folder / name,
            DEEP, cwd=folder)
    return make


def shared_by_dwz(*members):
    """Copies of others, with what they have in common in a file of its own: llvm-symbolizer is asked about those."""
    def make(folder, name):
        copies = [folder / f"{name}{'' if i == 0 else f'-{i}'}" for i in range(len(members))]
        for member, copy in zip(members, copies):
            shutil.copy(path_of(by_name(member)), copy)
        run("dwz", "-q", "-m", folder / f"{name}.alt", *copies, cwd=folder)
    return make


# Inlining far beyond what is sensible: 100 MB of .debug_info.
LARGE = {"CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "256", "RUSTFLAGS": "-Cllvm-args=-inline-threshold=600",
         "RUST_MIN_STACK": str(64 << 20)}


def crate(crate_name, version, program, large=False):
    def make(folder, name):
        kept = CACHE / "cargo" / f"{crate_name}-{version}{'-large' if large else ''}"
        if not (kept / "bin" / program).exists():
            environment = dict(os.environ, CARGO_PROFILE_RELEASE_DEBUG="2", CARGO_PROFILE_RELEASE_STRIP="none",
                               **(LARGE if large else {}))
            run("cargo", "install", "--locked", "--root", kept, "--version", version, crate_name, cwd="/tmp", env=environment)
        os.symlink(kept / "bin" / program, folder / name)
    return make


def go(package, *flags):
    def make(folder, name):
        run("go", "build", *flags, "-o", folder / name, package, cwd=folder, env=dict(os.environ, CGO_ENABLED="0"))
    return make


def llvm_dwp(program, units):
    return ["llvm-dwp-14", *units, "-o", f"{program}.dwp"]


def gnu_dwp(program, _):
    return ["dwp", "-e", program]


def add(name, make, *needs, oracle=None, small=False):
    ALL.append(Program(name, make, needs, oracle, small))


add("zstd-gcc-O2-dwarf5", zstd("gcc", "-O2", "-gdwarf-5"), "gcc", small=True)
add("zstd-clang-O3-dwarf4", zstd("clang-14", "-O3", "-gdwarf-4"), "clang-14")
add("zstd-gcc-O3-lto", zstd("gcc", "-O3", "-g", "-flto"), "gcc")
add("zstd-clang-O2-thinlto", zstd("clang-14", "-O2", "-g", "-flto=thin", "-fuse-ld=lld-14"), "clang-14", "ld.lld-14")
add("lua-gcc-O2-dwo5", lua("gcc", "-O2", "-gdwarf-5", "-gsplit-dwarf"), "gcc", small=True)
add("lua-gcc-O2-dwp4", lua("gcc", "-O2", "-gdwarf-4", "-gsplit-dwarf", package=gnu_dwp), "gcc", "dwp")
add("lua-clang-O2-dwp5", lua("clang-14", "-O2", "-gdwarf-5", "-gsplit-dwarf", package=llvm_dwp), "clang-14", "llvm-dwp-14")
add("re2-gcc-O2-dwarf5-zlib", re2("g++", "-O2", "-gdwarf-5", "-gz=zlib"), "g++")
add("re2-clang-O3-dwarf4", re2("clang++-14", "-O3", "-gdwarf-4"), "clang++-14")
add("re2-gcc-O3-zstd", re2("g++", "-O3", "-gdwarf-5", after=[("objcopy", "--compress-debug-sections=zstd")]), "g++", "objcopy")
add("re2-gcc-O2-dwarf4-types", re2("g++", "-O2", "-gdwarf-4", "-fdebug-types-section"), "g++")
add("deep-gcc-O3-dwarf5", deep("g++", "-O3", "-gdwarf-5"), "g++", "/usr/include/eigen3", "/usr/include/nlohmann")
add("deep-clang-O3-dwarf5", deep("clang++-14", "-O3", "-gdwarf-5"), "clang++-14", "/usr/include/eigen3", "/usr/include/nlohmann")
add("re2-gcc-dwz", shared_by_dwz("re2-gcc-O2-plain", "deep-gcc-O3-dwarf5"), "dwz", oracle="re2-gcc-O2-plain")
add("rust-ripgrep", crate("ripgrep", "14.1.1", "rg"), "cargo")
add("go-gofmt", go("cmd/gofmt"), "go", small=True)
add("go-gofmt-pie", go("cmd/gofmt", "-buildmode=pie", "-ldflags=-compressdwarf=false"), "go")
add("cpuhound", h.CPUHOUND, small=True)
add("libc", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/debug/.build-id",
    oracle=symbols_oracle.debug_file)
# Not compared: what others are made of, and what the benchmark asks for.
HELPERS = [Program("re2-gcc-O2-plain", re2("g++", "-O2", "-gdwarf-5"), ("g++",)),
           Program("rust-large", crate("wasm-tools", "1.219.1", "wasm-tools", large=True), ("cargo",))]


def by_name(name):
    return next(p for p in ALL + HELPERS if p.name == name)


def path_of(program):
    """Makes it, unless it has been. Missing: it cannot be."""
    folder = CACHE / "symbols" / program.name
    path = folder / program.name
    here = not callable(program.make)
    if not here and (folder / MADE).exists():
        return path
    for need in (*program.needs, program.make) if here else program.needs:
        if not (os.path.exists(need) if need.startswith("/") else shutil.which(need)):
            raise Missing(f"no {need}")
    if here:
        return pathlib.Path(program.make)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        program.make(folder, program.name)
    except Missing:
        shutil.rmtree(folder)
        raise
    (folder / MADE).touch()
    return path


def oracle_path_of(program):
    """A name of another program, or a function from this one's path."""
    path = path_of(program)
    if callable(program.oracle):
        return program.oracle(path)
    return path_of(by_name(program.oracle)) if program.oracle else path
