# SPDX-License-Identifier: Apache-2.0
"""A real browser, without a screen: Debian's headless Chromium, driven by playwright-core from npm (lib/driver.js). Both are
kept in ~/.cache/cpuhound-tests/browser, with axe-core. Its page takes 0.10 s of CPU time to open, one of Debian's `chromium
--headless`, which draws a browser's window around it, 0.48.

    with browser.Browser() as b:             skips all tests when it cannot be had
        page = b.open(path, width=1280, height=800, dark=False)
        page.press("t"); page.click(".help-button"); page.text(".frame-name"); page.evaluate("location.hash")
        page.screenshot("name")              into PICTURES
        page.touch("touchStart", (x, y), (x, y)); page.faults()      axe-core's
        page.download(selector)              {"name", "path"} of the file that a click gives
        page.errors(), page.requests()
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "stores" / "lib"), str(HERE.parents[1] / "e2e" / "lib")]
import harness as h  # noqa: E402
import provision  # noqa: E402

CACHE = provision.CACHE / "browser"
PICTURES = pathlib.Path(os.environ.get("CPUHOUND_PICTURES", pathlib.Path(h.BUILD) / "pictures"))
PAINTED = "performance.getEntriesByName('cpuhound-first-paint').length > 0"


def chromium():
    """(the program, the folders of libraries that it needs beside those of the system)"""
    installed = shutil.which("chromium-headless-shell")
    if installed:
        return installed, []
    root = provision.debian_packages("chromium-headless-shell", cache=CACHE)
    libraries = next((root / "usr" / "lib").glob("*-linux-gnu"))
    return str(root / "usr" / "lib" / "chromium" / "chromium-headless-shell"), [libraries, libraries / "pulseaudio"]


class Browser:
    def __init__(self):
        try:
            node = provision.needs("node", "to drive a browser with")
            modules = provision.node_modules("playwright", HERE.parent, CACHE)
            program, libraries = chromium()
        except provision.Unavailable as e:
            h.skip_all(str(e))
        env = os.environ | {"NODE_PATH": str(modules),
                            "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
        self._process = h.start(node, HERE / "driver.js", program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                env=env, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=h.HANG_S)

    def ask(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the browser is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def cpu_ms(self):
        """CPU time of all its processes so far, those that have ended left out."""
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found, sum_ns = [self._process.pid], 0
        for pid in found:
            found += parents.get(pid, [])
            for schedstat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    sum_ns += int(schedstat.read_text().split()[0])
        return sum_ns / 1e6

    def open(self, path, fragment="", width=1280, height=800, dark=False, **options):
        """The page of a file or an address when it has been painted."""
        self.ask(do="open", options={"viewport": {"width": width, "height": height},
                                     "colorScheme": "dark" if dark else "light", **options})
        page = Page(self)
        page.call("goto", (str(path) if "://" in str(path) else pathlib.Path(path).as_uri()) + fragment)
        if str(path).endswith(".html"):
            assert h.until(lambda: page.evaluate(PAINTED)), f"nothing is painted: {page.errors()}"
        return page


class Page:
    def __init__(self, browser):
        self.browser = browser

    def call(self, method, *args):
        return self.browser.ask(do="call", method=method, args=args)

    def evaluate(self, expression):
        return self.call("evaluate", expression)

    def settle(self):
        """After what was done is on the screen."""
        self.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))")

    def press(self, *keys):
        for key in keys:
            self.call("keyboard.press", key)
        self.settle()

    def click(self, selector):
        self.call("click", selector)
        self.settle()

    def fill(self, selector, text):
        self.call("fill", selector, text)
        self.settle()

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def texts(self, selector):
        return self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def is_visible(self, selector):
        return self.call("isVisible", selector)

    def point(self, x, y, selector=".graph canvas"):
        """Where a point of a canvas lies in the window."""
        box = self.evaluate(f"(({{x, y}}) => [x, y])(document.querySelector({json.dumps(selector)})"
                            ".getBoundingClientRect())")
        return box[0] + x, box[1] + y

    def hover(self, x, y, selector=".graph canvas"):
        self.call("mouse.move", *self.point(x, y, selector))
        self.settle()

    def click_at(self, x, y, selector=".graph canvas"):
        self.call("mouse.click", *self.point(x, y, selector))
        self.settle()

    def pixel(self, x, y, selector=".graph canvas"):
        """(red, green, blue) of a point of a canvas."""
        return tuple(self.evaluate(
            f"[...document.querySelector({json.dumps(selector)}).getContext('2d').getImageData("
            f"{x} * devicePixelRatio, {y} * devicePixelRatio, 1, 1).data].slice(0, 3)"))

    def screenshot(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.call("screenshot", {"path": str(PICTURES / f"{name}.png")})

    def touch(self, kind, *points):
        """Fingers on points of the graph, after it there are none but these."""
        at = [self.point(*point) for point in points]
        self.browser.ask(do="touch", type=kind, points=[{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(at)])
        self.settle()

    def faults(self):
        """What axe-core finds that shuts people out."""
        return [fault for fault in self.browser.ask(do="faults") if fault.startswith(("serious", "critical"))]

    def download(self, selector):
        return self.browser.ask(do="download", selector=selector)

    def errors(self):
        return self.browser.ask(do="log")["errors"]

    def requests(self):
        return [url for url in self.browser.ask(do="log")["requests"]
                if not url.startswith(("file:", "data:", "blob:"))]
