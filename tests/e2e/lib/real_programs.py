# SPDX-License-Identifier: Apache-2.0
"""Programs as distributions ship them, kept busy, and what becomes of their stacks.

Each runs in a cgroup of its own. Its stacks with user frames are one of: rooted; guessed (rooted, with a frame that was
found by its frame pointer in code without CFI); ended in JIT code; in libgcc where it enters a frame that catches an
exception (landing); ended early for another reason; cut without one.
"""
import collections
import glob
import os
import shutil
import subprocess

import cgroup
import harness as h
import oddities
import pprof
import stacks

HZ = 997
WARM_S = 1    # of CPU time, before what counts: of unknown binaries only so many stacks a second can be finished
STARTS_S = 5  # for a program to get going
MOST_BUSY = 10  # so much longer may a machine with other work take; what still runs is stopped
GUESSED = "guessed"
APART = (GUESSED, stacks.JIT, stacks.LANDING)
MOST_LANDING = 0.01  # of a program's stacks: some instructions of each exception

# needs: (command, Debian package or None) that must be there. make(seconds): a list of commands that work one CPU each
# for that many seconds or until they are killed. exes: the names of executables that are looked at; None: all.
Program = collections.namedtuple("Program", "name needs make exes")

PYTHON = """
import json, re, sys, time, zlib, hashlib, decimal
def down(n): return down(n - 1) if n else json.loads(json.dumps({str(i): [i, i / 3] for i in range(200)}))
end = time.time() + float(sys.argv[1])
while time.time() < end:
    down(20), sorted(str(i) for i in range(2000)), re.findall("(a|b)+b", "aab" * 200)
    zlib.compress(b"cpuhound" * 2000), hashlib.sha256(b"x" * 20000), decimal.Decimal(2).sqrt() ** 50
"""
NODE = """
const zlib = require("zlib"), crypto = require("crypto"), end = Date.now() + 1000 * Number(process.argv[1]);
while (Date.now() < end) {
    JSON.parse(JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ id: i, name: "n" + i }))));
    "aab".repeat(500).match(/(a|b)+b/g); [...Array(3000).keys()].map(String).sort();
    zlib.deflateSync(Buffer.alloc(20000, "cpuhound")); crypto.createHash("sha256").update("x".repeat(20000)).digest();
}
"""
JAVA = """
import java.util.*;
public class Busy {
    static int down(int n, Map<String, List<String>> m) { return n == 0 ? m.hashCode() : down(n - 1, m) + 1; }
    public static void main(String[] args) {
        long end = System.currentTimeMillis() + (long) (1000 * Double.parseDouble(args[0]));
        int sum = 0;
        while (System.currentTimeMillis() < end) {
            Map<String, List<String>> m = new HashMap<>();
            for (int i = 0; i < 20000; i++)
                m.computeIfAbsent("k" + i % 997, k -> new ArrayList<>()).add("v" + i);
            sum += down(20, m);
        }
        System.out.println(sum);
    }
}
"""
PERL = """
use List::Util "sum"; my $end = time + $ARGV[0];
sub down { my $n = shift; return $n ? down($n - 1) : sum(map { $_ * 2 } 1 .. 500) }
while (time < $end) { my %h; $h{"k$_"} .= $_ for 1 .. 2000; my @s = sort { $h{$a} cmp $h{$b} } keys %h; down(30);
    my $t = join ",", @s; $t =~ s/(k\\d)(\\d+)/$2$1/g; }
"""
SQL = """
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
  INSERT INTO t SELECT i, hex(randomblob(8)), i * 0.37 FROM n;
CREATE INDEX tb ON t(b);
SELECT count(*), sum(c) FROM t WHERE b LIKE '%A%' GROUP BY substr(b, 1, 2) ORDER BY 2;
SELECT max(x.c + y.c) FROM t x JOIN t y ON y.a = x.a + 1 WHERE x.b < y.b;
"""


def write(name, text):
    path = h.tmp(name)
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return path


def again(*command, to="/dev/null", source="/dev/null"):
    """A command that is over too soon, over and over."""
    return ["sh", "-c", f'while "$@" <{source} >{to} 2>&1; do :; done', "sh", *map(str, command)]


def c_source():
    """Enough for a compiler to chew on for a second or two."""
    functions = "\n".join(
        f"int f{i}(int n, double *x) {{ double s = {i}; for (int k = 0; k < n; k++) "
        f"{{ s = s * x[k] + k % {i + 1}; if (s > 1e{i % 9}) s -= x[(k * {i}) & 15]; x[k & 15] = s; }} "
        f"switch (n % 7) {{ case 0: return (int)s; case 1: return f{i - 1 if i else i}(n - 1, x); "
        f"default: return n * {i}; }} }}" for i in range(400))
    declarations = "\n".join(f"int f{i}(int, double *);" for i in range(400))
    return write("big.c", f"{declarations}\n{functions}\n")


def text_file():
    path = h.tmp("big.txt")
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as f:
            f.writelines(f"{i * 7919 % 1000003} {i * i % 977} word{i % 89}\n" for i in range(400000))
    return path


def java(seconds):
    source = write("Busy.java", JAVA)
    r = h.run("javac", "-d", h.TMP, source)
    assert r.rc == 0, r
    return [["java", "-Xmx256m", "-cp", h.TMP, "Busy", seconds]]


def rust_program(seconds):
    out = h.tmp("burn-rust")
    r = h.run("rustc", "-O", "-C", "strip=symbols", "-o", out, oddities.FOLDER / "burn.rs")
    assert r.rc == 0, r
    return [[out, seconds]]


def go_program(name, *flags):
    def make(seconds):
        out = h.tmp(name)
        r = h.run("go", "build", *flags, "-o", out, oddities.FOLDER / "burn.go")
        assert r.rc == 0, r
        return [[out, seconds]]
    return make


def openssl(_):
    return [again("openssl", "speed", "-seconds", 1, *kinds) for kinds in (
        ("sha256", "sha512", "md5", "rsa2048", "ecdsap256"), ("-evp", "aes-256-gcm"), ("-evp", "chacha20-poly1305"))]


def as_postgres(*command):
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", *map(str, command)]


def postgres(seconds):
    """A server of our own, reached by its socket, and pgbench. Killed, it recovers when it starts again."""
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    data = h.tmp("postgres")
    os.makedirs(data)
    shutil.chown(data, "postgres", "postgres")
    os.chmod(data, 0o700)
    r = h.run(*as_postgres(f"{binaries}/initdb", "-D", data, "-A", "trust", "--no-sync"))
    assert r.rc == 0, r
    client = (f"until {binaries}/pgbench -h {data} -i -q -s 5 postgres; do sleep 0.1; done; "
              f"exec {binaries}/pgbench -h {data} -c 4 -j 1 -T {seconds * 4:.0f} postgres")
    return [as_postgres(f"{binaries}/postgres", "-D", data, "-k", data, "-h", "", "-c", "fsync=off"),
            as_postgres("sh", "-c", client)]


def rustc(_):
    """Itself: where rustup is installed that is a program before it, which compiles regular expressions at each start, on a
    stack deeper than is copied."""
    itself = os.path.join(h.run("rustc", "--print", "sysroot").stdout.strip(), "bin/rustc")
    return [again(itself, "-O", "--emit", "asm", "-o", "/dev/null", oddities.FOLDER / "burn.rs")]


PROGRAMS = [
    Program("python3", [("/usr/bin/python3", "python3")], lambda s: [["/usr/bin/python3", "-c", PYTHON, s]], None),
    Program("perl", [("perl", "perl")], lambda s: [["perl", "-e", PERL, s]], None),
    Program("node", [("node", "nodejs")], lambda s: [["node", "-e", NODE, s]], None),
    Program("java", [("java", "default-jre"), ("javac", "default-jdk")], java, ["java"]),
    Program("cc1", [("gcc", "gcc")], lambda s: [again("gcc", "-O2", "-S", "-o", "/dev/null", c_source())], ["cc1"]),
    Program("clang", [("clang-14", "clang-14")],
            lambda s: [again("clang-14", "-O2", "-S", "-o", "/dev/null", c_source())], ["clang", "clang-14"]),
    Program("rustc", [("rustc", None)], rustc, ["rustc"]),
    Program("openssl", [("openssl", "openssl")], openssl, ["openssl"]),
    Program("sqlite3", [("sqlite3", "sqlite3")], lambda s: [again("sqlite3", ":memory:", SQL)], ["sqlite3"]),
    Program("postgres", [("/usr/bin/pgbench", "postgresql")], postgres, ["postgres"]),
    Program("gzip", [("gzip", "gzip")], lambda s: [again("gzip", "-9", "-c", text_file())], ["gzip"]),
    Program("sort", [("sort", "coreutils")], lambda s: [again("sort", "-k2", text_file())], ["sort"]),
    Program("Rust, release", [("rustc", None)], rust_program, None),
    Program("ripgrep", [("rg", "ripgrep")], lambda s: [again("rg", "-c", r"(7|word)+ \d*9", text_file())], ["rg"]),
    Program("Go", [("go", None)], go_program("burn-go"), None),
    Program("Go, stripped", [("go", None)], go_program("burn-go-stripped", "-ldflags", "-s -w"), None),
]


def why_not(program):
    missing = [(c, package) for c, package in program.needs if not shutil.which(c)]
    return ", ".join(f"no {c}" + (f" (Debian: {package})" if package else "") for c, package in missing) or None


class Counts:
    """What became of the stacks of one program, and examples of those that should not be so."""

    def __init__(self, samples):
        self.ends, self.examples = collections.Counter(), collections.defaultdict(collections.Counter)
        for s in samples:
            if not stacks.user_frames(s):
                continue
            end = stacks.end_of(s)
            if end == stacks.ROOTED and stacks.is_guessed(s):
                end = GUESSED
            self.ends[end] += s.count
            if end not in (stacks.ROOTED, *APART):
                self.examples[end][stacks.text_of(s)[-500:]] += s.count

    @property
    def total(self):
        return self.ends.total()

    @property
    def apart(self):
        return sum(self.ends[end] for end in APART)

    def early(self):
        return {k: n for k, n in self.ends.items() if k not in (stacks.ROOTED, *APART)}

    def show(self, name):
        rest = max(self.total - self.apart, 1)
        early = ", ".join(f"{n} {k}" for k, n in sorted(self.early().items(), key=lambda x: -x[1]))
        h.note(f"{name:16} {self.total:6} stacks  rooted {self.ends[stacks.ROOTED] / rest:8.3%}  "
               f"guessed {self.ends[GUESSED]:5}  JIT {self.ends[stacks.JIT]:5}  landing {self.ends[stacks.LANDING]:3}  {early}")

    def worst(self):
        return {end: chains.most_common(2) for end, chains in self.examples.items()}


def stop_all(processes, group):
    """Also what they started: everything in the cgroup."""
    for p in processes:
        h.stop(p)
    group.kill()


def record(program, commands, cpu_seconds):
    """While the commands use so much CPU time: its profile's samples, and the profile."""
    out = h.tmp("real.pb.gz")
    with cgroup.Cgroup(f"/cpuhound-real-{os.getpid()}") as group:
        recording = h.Recording("-a", "-F", HZ, "-d", "1h", "-o", out)
        processes = [h.start(*c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=group.enter)
                     for c in commands]
        group.wait_for_usage(cpu_seconds)
        result = recording.stop()
        stop_all(processes, group)
    assert result.rc == 0, result
    profile = pprof.read(out)
    mine = [s for s in profile.samples if s.labels.get("cgroup") == group.path
            and (program.exes is None or s.labels["service_name"] in program.exes)]
    return mine, profile


def check(program, cpu_seconds, least):
    missing = why_not(program)
    if missing:
        h.skip(program.name, missing)
        return
    commands = program.make(cpu_seconds * MOST_BUSY + STARTS_S)
    record(program, commands, WARM_S)  # from now on its binaries are known
    samples, profile = record(program, commands, cpu_seconds)
    counts = Counts(samples)
    counts.show(program.name)
    rest = counts.total - counts.apart
    early = sum(counts.early().values())
    h.check(f"{program.name}: enough stacks", counts.total >= least, f"{counts.total} of {least}")
    h.check(f"{program.name}: without those apart 99.9 % reach their root", early <= stacks.chance(rest),
            f"{early} of {rest} do not: {counts.worst()}")
    h.check(f"{program.name}: of exceptions no more is apart than their last step",
            counts.ends[stacks.LANDING] <= MOST_LANDING * counts.total, counts.ends[stacks.LANDING])
    h.check(f"{program.name}: every other one says why", counts.ends[stacks.CUT] == 0,
            counts.examples[stacks.CUT].most_common(3))
    h.check(f"{program.name}: the ledger counts what is truncated", *stacks.ledger_agrees(profile))


def main(cpu_seconds, least, programs):
    h.needs_root()
    for program in programs:
        h.case(check, program, cpu_seconds, least)
    h.done()
