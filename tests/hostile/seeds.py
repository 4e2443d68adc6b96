# SPDX-License-Identifier: Apache-2.0
"""Good files to damage: programs with all kinds of debug info, compiled here, and small ones of this machine."""
import os
import pathlib
import random
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SMALL = 48 << 10  # bytes; of what the machine has
N_OWN = 40        # of those

GCC, CLANG, GXX, CLANGXX = ["gcc"], ["clang-14"], ["g++", "-std=c++17"], ["clang++-14", "-std=c++17"]
LIBRARY = ["-shared", "-fPIC"]
# name: (compiler, source, flags)
COMPILED = {
    "gcc-5": (GCC, "seed.c", ["-O2", "-gdwarf-5"]),
    "gcc-4": (GCC, "seed.c", ["-O2", "-gdwarf-4"]),
    "gcc-3": (GCC, "seed.c", ["-O2", "-gdwarf-3", "-gstrict-dwarf"]),
    "gcc-64": (GCC, "seed.c", ["-O2", "-gdwarf-5", "-gdwarf64"]),
    "gcc-types": (GXX, "seed.cc", ["-O2", "-gdwarf-4", "-fdebug-types-section"]),
    "gcc-cc-5": (GXX, "seed.cc", ["-O2", "-gdwarf-5"]),
    "gcc-lto": (GCC, "seed.c", ["-O2", "-g", "-flto"]),
    "gcc-zlib": (GCC, "seed.c", ["-O2", "-gdwarf-5", "-gz=zlib"]),
    "gcc-zgnu": (GCC, "seed.c", ["-O2", "-gdwarf-4", "-gz=zlib-gnu"]),
    "gcc-split": (GCC, "seed.c", ["-O2", "-gdwarf-5", "-gsplit-dwarf"]),
    "clang-5": (CLANG, "seed.c", ["-O2", "-gdwarf-5"]),
    "clang-4": (CLANG, "seed.c", ["-O2", "-gdwarf-4"]),
    "clang-cc-5": (CLANGXX, "seed.cc", ["-O2", "-gdwarf-5"]),
    "clang-split": (CLANG, "seed.c", ["-O2", "-gdwarf-5", "-gsplit-dwarf"]),
}
LANGUAGES = {
    "go": ["go", "build", "-o", "OUT", "seed.go"],
    "go-stripped": ["go", "build", "-ldflags=-s -w", "-o", "OUT", "seed.go"],
    "rust": ["rustc", "-O", "-g", "--crate-type=cdylib", "-C", "panic=abort", "-o", "OUT", "seed.rs"],
}


def run(*command, cwd=None):
    subprocess.run([str(c) for c in command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=cwd,
                   env=dict(os.environ, CGO_ENABLED="0"))


def derived(folder, sides):
    """What objcopy and dwz make of the others: stripped with a link, with .gnu_debugdata, zstd, dwz, and split units
    in a package."""
    plain = folder / "gcc-5"
    run("objcopy", "--only-keep-debug", plain, folder / "link.debug", cwd=folder)
    run("objcopy", "--strip-all", "--add-gnu-debuglink=link.debug", plain, folder / "link", cwd=folder)
    run("objcopy", "--compress-debug-sections=zstd", plain, folder / "gcc-zstd")
    inner = folder / "inner"
    run("objcopy", "-S", "--keep-symbol=seed_outer", "--keep-symbol=seed_middle", plain, inner)
    run("xz", "--keep", "--force", inner)
    run("objcopy", "--strip-all", f"--add-section=.gnu_debugdata={inner}.xz", plain, folder / "debugdata")
    sides["link"] = [folder / "link.debug"]
    sides["gcc-split"] = [folder / "gcc-split-seed.dwo"]
    sides["clang-split"] = [folder / "seed.dwo"]
    if shutil.which("llvm-dwp-14"):
        shutil.copy(folder / "clang-split", folder / "packaged")
        run("llvm-dwp-14", folder / "seed.dwo", "-o", folder / "packaged.dwp", cwd=folder)
        sides["packaged"] = [folder / "packaged.dwp"]
    os.unlink(inner)
    os.unlink(f"{inner}.xz")
    if shutil.which("dwz"):
        one, two = folder / "dwz-1", folder / "dwz-2"
        shutil.copy(folder / "gcc-cc-5", one)
        shutil.copy(folder / "gcc-types", two)
        run("dwz", "-q", "-m", folder / "dwz.alt", one, two)
        sides["dwz-1"] = sides["dwz-2"] = [folder / "dwz.alt"]


def compiled(folder):
    """({name: path}, {name: [files that go with it]})"""
    folder, sides = pathlib.Path(folder), {}
    for name, (compiler, source, flags) in COMPILED.items():
        if shutil.which(compiler[0]):
            run(*compiler, *LIBRARY, *flags, "-Wl,--build-id", "-o", folder / name, HERE / source, cwd=folder)
    for name, command in LANGUAGES.items():
        if shutil.which(command[0]):
            source = HERE / command[-1]
            run(*(folder / name if c == "OUT" else source if c == command[-1] else c for c in command), cwd=folder)
    derived(folder, sides)
    if (folder / "go").exists():
        run("objcopy", "--strip-debug", "--keep-section=.gopclntab", folder / "go", folder / "go-symtab")
    apart = {path for paths in sides.values() for path in paths}
    return {p.name: p for p in sorted(folder.iterdir()) if p.is_file() and p not in apart and is_elf(p)}, sides


def is_elf(path):
    try:
        with open(path, "rb") as f:
            return f.read(5) == b"\x7fELF\2"
    except OSError:
        return False


def own():
    """{name: path} of small files of this machine, the same ones every time on the same machine."""
    found = []
    for folder in ("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"):
        for path in sorted(pathlib.Path(folder).glob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= SMALL and is_elf(path):
                found.append(path)
    random.Random(1).shuffle(found)
    return {p.name: p for p in found[:N_OWN]}
