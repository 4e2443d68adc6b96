# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: running cpuhound, building workloads, printing verdicts.

    import harness as h
    h.needs_root()
    burn = h.compile("burn.c")
    r = h.cpuhound("record", "-d", "1", "-o", h.tmp("x.pb.gz"), "--cache-dir", h.CACHE)
    h.check("it ends well", r.rc == 0, r)
    h.done()
"""
import atexit
import collections
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = os.environ.get("CPUHOUND_BUILD", str(ROOT / "build"))
CPUHOUND = os.environ.get("CPUHOUND", os.path.join(BUILD, "cpuhound"))
HANG_S = 120  # for one command: a guard against hanging, not a measure
MOST_LATE_S = 0.25  # of what late_s tells: no bound may grow so wide that it holds for anything
SKIPPED = 77

Result = collections.namedtuple("Result", "rc stdout stderr")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # clean up also when the runner loses patience
_failures = 0
_started = []


def _make_tmp():
    given = os.environ.get("TMP")
    if given and os.path.isdir(given) and "CPUHOUND" in os.environ:
        return given  # the runner's: fresh, and removed by it
    made = tempfile.mkdtemp(prefix="cpuhound-e2e-")
    os.chmod(made, 0o755)  # some tests become another user
    atexit.register(shutil.rmtree, made, True)
    return made


TMP = _make_tmp()
CACHE = os.path.join(TMP, "cache")


def tmp(name):
    return os.path.join(TMP, name)


def _say(line):
    """In one piece, since cases may run side by side."""
    print(line + "\n", end="", flush=True)


def ok(name):
    _say(f"ok - {name}")


def not_ok(name, why):
    global _failures
    _failures += 1
    _say(f"not ok - {name}: {why}")


def skip(name, reason):
    _say(f"skip - {name}: {reason}")


def note(text):
    _say(f"# {text}")


def check(name, holds, why=""):
    if holds:
        ok(name)
    else:
        not_ok(name, why)
    return bool(holds)


def skip_all(reason):
    print(reason, flush=True)
    sys.exit(SKIPPED)


def done():
    sys.exit(1 if _failures else 0)


def case(function, *args):
    """Runs one case; an exception is its failure and not the end of the file."""
    try:
        return function(*args)
    except Exception:  # pylint: disable=broad-except
        not_ok(function.__name__.replace("_", " "), "exception\n" + traceback.format_exc())
        return None


def together(function, arguments):
    """The same case once for each of the arguments, side by side: for cases that mostly wait."""
    threads = [threading.Thread(target=case, args=(function, argument)) for argument in arguments]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def needs_root():
    if os.geteuid() != 0:
        skip_all("needs root")


def run(*command, **options):
    options.setdefault("timeout", HANG_S)
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("cwd", TMP)
    done_ = subprocess.run([str(c) for c in command], capture_output=True, check=False, **options)
    return Result(done_.returncode, done_.stdout.decode(errors="replace"), done_.stderr.decode(errors="replace"))


def cpuhound(*args, **options):
    return run(CPUHOUND, *args, **options)


def start(*command, **options):
    """A process in the background, killed at the end of the test at the latest."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("cwd", TMP)
    p = subprocess.Popen([str(c) for c in command], **options)
    _started.append(p)
    return p


def on_terminal(*command, stream="stdout", **options):
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    p = start(*command, **{stream: theirs}, **options)
    os.close(theirs)
    text = b""
    with open(ours, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(65536):
                text += piece
        except OSError:  # EIO: the other end is closed
            pass
    p.wait(timeout=HANG_S)
    return text.decode(errors="replace")


def start_cpuhound(*args, **options):
    """In the background, output kept for finish()."""
    return start(CPUHOUND, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def finish(p, with_signal=None):
    """Sends the signal, if any, and waits: the Result of a process that start_cpuhound() started."""
    if with_signal is not None:
        p.send_signal(with_signal)
    out, err = p.communicate(timeout=HANG_S)
    return Result(p.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))


def until(predicate, seconds=HANG_S):
    """Waits until it holds, as long as it takes; what it gave last. The longer it takes, the more rarely it is asked."""
    begin, passed = time.monotonic(), 0
    while not (result := predicate()) and passed < seconds:
        time.sleep(min(max(passed / 20, 0.01), 0.1))
        passed = time.monotonic() - begin
    return result


def run_delay_seconds(pid):
    """For how long the main thread of this process, a zombie too, was ready and others ran."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[1]) / 1e9
    except FileNotFoundError:  # a kernel without CONFIG_SCHED_INFO
        return 0


class Recording:
    """`cpuhound record ARGS` that is sampling when the constructor returns: its progress line on a terminal says so.
    stop() ends it as Ctrl-C does, wait() lets it run out; both give the Result. debug: with its debug messages.
    Afterwards late_s bounds how far from each other the ends of the CPUs' windows may lie: the recorder switches their
    events one by one, and whatever ran in its place meanwhile, or took the CPUs from this machine, came between."""

    def __init__(self, *args, debug=False, **options):
        self._stolen_s = -steal_seconds()
        master, slave = pty.openpty()
        environment = dict(os.environ, **({"CPUHOUND_DEBUG": "1"} if debug else {}))
        self._text = bytearray()
        self.late_s = None
        self._sampling = threading.Event()
        self._out = tempfile.TemporaryFile()
        self.process = start(CPUHOUND, "record", "--cache-dir", CACHE, *args, stdout=self._out, stderr=slave,
                             env=environment, **options)
        os.close(slave)
        self._reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        self._reader.start()
        if not self._sampling.wait(HANG_S) or b" samples, " not in self._text:
            raise RuntimeError("record does not start: " + self._text.decode(errors="replace"))

    def _read(self, master):
        with open(master, "rb", buffering=0) as terminal:
            while True:
                try:
                    data = terminal.read(4096)
                except OSError:  # EIO: the other end is closed
                    data = b""
                self._text += data
                if not data or b" samples, " in self._text:
                    self._sampling.set()
                if not data:
                    return

    @property
    def text(self):
        """What it has written to its terminal so far."""
        return bytes(self._text)

    def stop(self, with_signal=signal.SIGINT):
        self.process.send_signal(with_signal)
        return self.wait()

    def wait(self):
        pidfd = os.pidfd_open(self.process.pid)
        ended = select.select([pidfd], [], [], HANG_S)[0]
        os.close(pidfd)
        if ended:
            self.late_s = min(run_delay_seconds(self.process.pid) + self._stolen_s + steal_seconds(), MOST_LATE_S)
        self.process.wait(timeout=HANG_S)
        self._reader.join(HANG_S)
        self._out.seek(0)
        return Result(self.process.returncode, self._out.read().decode(errors="replace"),
                      self._text.decode(errors="replace"))


def stop(p):
    if p.poll() is None:
        p.send_signal(signal.SIGCONT)
        p.kill()
    p.wait()


@atexit.register
def _stop_all():
    for p in _started:
        stop(p)


def steal_seconds():
    """What the host has taken from this virtual machine so far, over all CPUs."""
    with open("/proc/stat", encoding="ascii") as f:
        return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def build(path, *flags, compiler="gcc", name=None):
    """A program from one source file, with these flags and no others."""
    out = tmp(name or pathlib.Path(path).stem)
    r = run(compiler, "-Wall", "-o", out, path, *flags)
    assert r.rc == 0, r.stderr
    return out


def workload(source):
    return ROOT / "tests" / "e2e" / "workloads" / source


def compile(source, *flags, name=None):  # pylint: disable=redefined-builtin
    """A C workload of tests/e2e/workloads, built with frame pointers. gcc gives none to a function that calls nobody and
    has nothing on the stack, whatever the options: its caller is then missing from the stack."""
    base = ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
    return build(workload(source), *base, *flags, "-lpthread", name=name)
