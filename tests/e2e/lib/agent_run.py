# SPDX-License-Identifier: Apache-2.0
"""What one agent does from start to end, on this machine: windows without a gap, restarts, the kill switch, reloads,
budgets, and profiles on demand."""
import os
import shutil
import signal
import subprocess
import sys
import time

import agent
import harness as h
import pprof

HZ = 19
N_CPUS = len(os.sched_getaffinity(0))
GO = shutil.which("go") or "/usr/local/go/bin/go"


def spinning(w):
    """Samples of all loops."""
    return sum(s.count for s in w.profile.samples if s.labels["comm"].startswith("spin-"))


def no_gap(n):
    """A loop pinned to each CPU: so many ticks that are not idle in every window as it is long."""
    stolen = -h.steal_seconds()
    with agent.burners(), agent.Agent("gap", "-F", HZ, **agent.UNLIMITED) as a:
        delay = -h.run_delay_seconds(a.pid)
        a.wait_for_windows(n + 1)
        delay += h.run_delay_seconds(a.pid)
        n_lost = a.n_lost()
        h.check("the agent ends well", a.stop() == 0, a.said())
        said = a.said()
    stolen += h.steal_seconds()
    windows = agent.read_windows(a.windows())
    late = min(delay, h.MOST_LATE_S)  # the CPUs' windows end one by one
    busy = [w.ledger["taken"] - w.ledger["idle"] for w in windows]
    due = [N_CPUS * HZ * (w.end_ns - w.start_ns) / agent.NS for w in windows]
    not_delivered = [w.ledger["other"] for w in windows]
    thin = [(w.sequence, b, round(d, 1), w.ledger) for w, b, d, o in zip(windows, busy, due, not_delivered)
            if abs(b + o - d) > N_CPUS * (1 + late * HZ)]
    h.note(f"busy ticks of the whole windows: {busy[1:-1]}, not delivered {sum(not_delivered)}, stolen {stolen:.2f} s, "
           f"waited for a CPU {delay:.2f} s")
    h.check(f"{len(windows)} windows: each CPU is sampled in each of them", len(windows) > n and not thin, thin)
    # Nor hides one CPU's gap behind another: each loop has its CPU's ticks, but for those of what else ran.
    for cpu in sorted(os.sched_getaffinity(0)):
        mine = [sum(s.count for s in w.profile.samples if s.labels["comm"] == f"spin-{cpu}") for w in windows]
        wrong = [(w.sequence, n, round(d / N_CPUS, 1), b, w.ledger) for w, n, b, d, o
                 in zip(windows, mine, busy, due, not_delivered)
                 if not -1 - late * HZ - o - (b - spinning(w)) <= n - d / N_CPUS <= 1 + late * HZ]
        h.check(f"CPU {cpu} has a tick for each that was due, within one, in each window", not wrong, wrong)
    # While some program on this CPU calls bpf(2) for a map, the kernel runs no program of ours.
    h.check("what was not delivered is told, and is little", sum(not_delivered) <= stolen * HZ + 0.03 * sum(due),
            (sum(not_delivered), stolen))
    h.check("no tick is idle", sum(w.ledger["idle"] for w in windows) == 0, [w.ledger["idle"] for w in windows])
    h.check("and over all: no tick lies between two windows",
            abs(sum(busy) + sum(not_delivered) - sum(due)) <= N_CPUS * (1 + late * HZ) * (1 + n_lost),
            (sum(busy), sum(due), late))
    joints = [y.start_ns - x.end_ns for x, y in zip(windows, windows[1:]) if y.sequence == x.sequence + 1]
    h.check("one begins where the last one ends", max(map(abs, joints)) < 10**6, joints)
    ends = [w.end_ns % agent.NS for w in windows[:-1]]
    h.check("they end on whole seconds of the clock",
            sum(min(e, agent.NS - e) < 0.3 * agent.NS for e in ends) > n * 0.8, ends)
    h.check("nothing was down, and nothing is said", not any(w.ledger["down_ns"] for w in windows) and
            (n_lost or not said), said)
    agent.check_sequence("without a gap", windows, n_lost)
    agent.check_ledgers("without a gap", windows)


def note_one_window_less(a):
    """What is left of an agent that was killed when a window was on disk, and before it could note that."""
    with open(a.path("state/last-window"), "r+", encoding="ascii") as f:
        *words, sequence = f.read().split()
        f.seek(0)
        f.truncate()
        f.write(" ".join(words) + f" {int(sequence) - 1}\n")


def restart():
    """A clean stop writes the open window; the next start tells for how long nobody sampled."""
    with agent.Agent("restart", **agent.UNLIMITED) as a:
        a.wait_for_windows(2)
        time.sleep(0.5)
        before = time.time_ns()
        h.check("SIGTERM: it ends well", a.stop() == 0, a.said())
        first = agent.read_windows(a.windows())
        h.check("the open window is written", before - 10**8 <= first[-1].end_ns <= time.time_ns(),
                (before, first[-1].end_ns))
        h.check("no socket is left", not os.path.exists(a.path("run/agent.sock")), os.listdir(a.path("run")))
        h.check("a clean stop leaves no note for the start guard", not os.path.exists(a.path("state/starts")))
        half = [f for _, _, names in os.walk(a.path("state")) for f in names if f.endswith(".tmp")]
        h.check("nothing half written", not half, half)
        time.sleep(2)
        a.start()
        a.wait_for_windows(3)
        h.check("SIGINT: it ends well", a.stop(signal.SIGINT) == 0, a.said())
        n_clean = len(a.windows())
        note_one_window_less(a)
        a.start()
        a.wait_for_windows(1)
        h.check("after a kill between a window and its note: it ends well", a.stop() == 0, a.said())
    windows = agent.read_windows(a.windows())
    down = windows[len(first)].ledger["down_ns"]
    gap = windows[len(first)].start_ns - first[-1].end_ns
    h.check("the first window after it tells of the time between", down > 2 * agent.NS and abs(down - gap) < 2 * 10**8,
            (down, gap))
    downs = [w.ledger["down_ns"] for w in windows]
    h.check("and no other", sum(downs[:n_clean]) == down and downs[n_clean] > 0, downs)
    agent.check_sequence("three runs", windows)
    agent.check_ledgers("three runs", windows)


def stopped_while_off():
    """Windows that wait for names when the kill switch comes, and then the end: they are written as they are."""
    program = h.compile("named.c", "-DNAME=nameless_yet", name="nameless-yet")
    with agent.Agent("off", **agent.UNLIMITED) as a:
        a.wait_for_windows(1)
        h.until(lambda: a.status()["known"]["binaries_unnamed"] == 0)
        for name, pid in a.children().items():
            if name.startswith("indexer"):
                os.kill(pid, signal.SIGSTOP)
        burner = h.start(program, 0, stdout=subprocess.DEVNULL)
        h.until(lambda: a.status()["known"]["windows_closed"])
        before = time.time_ns()
        with open(a.off, "w", encoding="ascii"):
            pass
        h.until(lambda: a.state() == "kill_switch")
        n = a.status()["known"]["windows_closed"]
        h.check("switched off and stopped: it ends well", a.stop() == 0, a.said())
        h.stop(burner)
    windows = agent.read_windows(a.windows())
    h.check("what waited for names is written", n > 0 and windows[-1].end_ns > before, (n, before, windows[-1].end_ns))
    agent.check_sequence("switched off and stopped", windows)
    agent.check_ledgers("switched off and stopped", windows)


def second_agent(a):
    r = h.run(*a.command)
    h.check("a second agent: exit 3, and who holds the state dir", r.rc == 3 and r.stdout == "" and r.stderr ==
            f"cpuhound: the state dir {a.path('state')} is in use by pid {a.pid}: only one agent runs on a host\n", r)
    h.check("the first one goes on", a.wait_for_windows(1) and a.state() == "sampling")


def bpf_runs(a):
    """How often programs of the agent ran, as the last turn of its loop saw it."""
    return a.status()["totals"]["bpf_runs"]


def kill_switch(a):
    h.check("/readyz before", a.get("/readyz")[0] == 200, a.get("/readyz"))
    delay = -h.run_delay_seconds(a.pid)
    with open(a.off, "w", encoding="ascii"):
        pass
    off, seconds = agent.said_within(lambda: a.state() == "kill_switch", h.HANG_S)
    delay += h.run_delay_seconds(a.pid)
    h.check("switched off: idle within a second", off and seconds < 1 + delay, (seconds, delay))
    status, why = a.get("/readyz")
    h.check("/readyz says so", status == 503 and a.off in why, (status, why))
    h.check("/healthz is well", a.get("/healthz")[0] == 200)
    status, why = a.get("/debug/pprof/profile?seconds=1")
    h.check("no profile on demand, and why", status == 503 and "/readyz" in why, (status, why))
    with agent.bpf_stats():
        n_off = -bpf_runs(a)
        time.sleep(2)
        n_off += bpf_runs(a)
    n = len(a.windows())
    os.unlink(a.off)
    on, seconds = agent.said_within(lambda: a.state() == "sampling", h.HANG_S)
    h.note(f"switched on again after {seconds:.2f} s")
    h.check("switched on: samples again", on and a.wait_for_windows(2), a.said())
    with agent.bpf_stats():
        before = bpf_runs(a)
        on, seconds = agent.said_within(lambda: bpf_runs(a) >= before + HZ * N_CPUS, h.HANG_S)
    h.check("not a program ran meanwhile, now they do", n_off == 0 and on, (n_off, on))
    h.note(f"a second's runs were counted after {seconds:.2f} s")
    h.check("/readyz as before", a.get("/readyz")[0] == 200, a.get("/readyz"))
    down = [w.ledger["down_ns"] for w in agent.read_windows(a.windows()[n - 1:])]
    h.check("the pause is down time, once", sum(d > 0 for d in down) == 1 and
            2 * agent.NS < sum(down) < 60 * agent.NS, down)


def reload(a):
    a.reload("[agent]\nfrequency_hz = 97\n")
    changed = h.until(lambda: a.status()["period_ns"] == agent.NS // 97)
    h.check("SIGHUP: what can be changed is", changed and a.status()["reload"]["failed"] is False, a.status()["reload"])
    a.reload("[agent]\nfrequncy_hz = 7\nkill_switch = /nothing\n")
    h.check("SIGHUP with a mistake: it is told", h.until(lambda: a.status()["reload"]["failed"]), a.status()["reload"])
    s = a.status()
    h.check("with the nearest key, in status and log", "frequency_hz" in s["errors"][-1]["text"] and
            "frequency_hz" in a.said(), (s["errors"], a.said()))
    h.check("nothing of it is taken over", s["period_ns"] == agent.NS // 97 and s["state"] == "sampling", s)
    a.wait_for_windows(2)
    h.check("windows at the old rate", pprof.read(a.windows()[-1]).period == agent.NS // 97)
    a.reload("[limits]\nunwind_table_mb = 32\n[hub]\nstore = /elsewhere\n")
    h.check("what needs a restart is named, and nothing of the hub", h.until(
        lambda: "changes of limits.unwind_table_mb need a restart" in a.said()), a.said())
    h.check("and the mistake is history", a.status()["reload"]["failed"] is False, a.status()["reload"])
    for _ in range(200):
        a.process.send_signal(signal.SIGHUP)
    h.check("a storm of SIGHUP", a.wait_for_windows(2) and a.state() == "sampling", a.said())


def go_pprof(a):
    if not os.path.exists(GO):
        h.skip("go tool pprof", "no Go here")
        return
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", h.TMP), "PPROF_TMPDIR": h.TMP}
    burner = h.start(h.compile("named.c", "-static", "-DNAME=on_demand_work", name="on-demand"), 0,
                     stdout=subprocess.DEVNULL)
    r = h.run(GO, "tool", "pprof", "-top", f"http://127.0.0.1:{a.port}/debug/pprof/profile?seconds=3", env=env)
    h.stop(burner)
    h.check("go tool pprof reads a profile of the running agent", r.rc == 0 and "on_demand_work" in r.stdout and
            "Type: cpu" in r.stdout, r)
    h.check("and windows go on", a.wait_for_windows(1) and agent.imbalance(agent.read_window(a.windows()[-1])) == "")


def one_agent():
    with agent.Agent("one", **agent.UNLIMITED) as a:
        for case in (second_agent, kill_switch, reload, go_pprof):
            h.case(case, a)
        n_lost = a.n_lost()
        h.check("one agent: it ends well", a.stop() == 0, a.said())
    windows = agent.read_windows(a.windows())
    agent.check_sequence("one agent", windows, n_lost)
    agent.check_ledgers("one agent", windows)


def limits(cpu_percent):
    return f"[limits]\ncpu_percent = {cpu_percent}\nrss_mb = 4096\n"


def step(a):
    return a.status()["budget"]["step"]


def budget(whole):
    """997 Hz on busy CPUs needs more than a hundredth of a core: down to the last step; then there is room again.
    whole: with the way back up to the first, which takes minutes."""
    with agent.Agent("budget", "-F", 997, waits=False, text=limits(1)) as a:
        steps = []

        def is_down():
            if (state := a.state()) == "sampling" and (not steps or steps[-1] != step(a)):
                steps.append(step(a))
            return steps[-1:] == ["few_ticks"] or state is None and a.process.poll() is not None

        with agent.burners(nice=10):
            h.until(is_down)
        h.check("over budget: down the ladder, step by step", steps == [
            "full", "no_debug_info", "long_windows", "few_ticks"], (steps, a.said()))
        s = a.status()
        h.check("the last step: rare ticks, long windows, no debug info", s["period_ns"] == agent.NS // 7 and
                s["window_ns"] == 3 * agent.NS and s["is_debug_info_read"] is False, s)
        h.check("said in the log and in the metrics", "budget: now at step 'few_ticks' (cpu;" in a.said() and
                'cpuhound_budget_step 3' in a.get("/metrics")[1], (a.said(), a.get("/metrics")[1]))
        h.until(lambda: pprof.read(a.windows()[-1]).period == agent.NS // 7)
        a.reload(limits(10000))
        wanted = "full" if whole else "long_windows"
        h.check(f"room again: it climbs back to {wanted}", h.until(lambda: step(a) == wanted, 5 * h.HANG_S),
                (step(a), a.said()))
        if whole:
            h.check("all is as it was", a.status()["period_ns"] == agent.NS // 997 and
                    a.status()["window_ns"] == agent.NS and a.status()["is_debug_info_read"], a.status())
        a.wait_for_windows(1)
        n_lost = a.n_lost()
        h.check("the budget's agent ends well", a.stop() == 0, a.said())
    windows = agent.read_windows(a.windows())
    h.check("windows of both rates", {agent.NS // 997, agent.NS // 7} <= {w.profile.period for w in windows},
            {w.profile.period for w in windows})
    agent.check_sequence("on the ladder", windows, n_lost)
    agent.check_ledgers("on the ladder", windows)


def main(*cases):
    """Each a function from above and its arguments; those that are named on the command line, or all."""
    h.needs_root()
    for case, *args in cases:
        if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
            h.case(case, *args)
    h.done()
