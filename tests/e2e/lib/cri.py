# SPDX-License-Identifier: Apache-2.0
"""A real containerd of a test's own, with pods that crictl starts as a kubelet would. Its files lie where no agent looks
for them. Images are made here: no registry, and host networks, so no CNI.

    if reason := cri.why_not(): ...
    with cri.Containerd([program]) as runtime:
        container_id = runtime.run("checkout-0", "main", ["/bin/program"])
        runtime.socket
"""
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import tarfile

import harness as h
import oci

CRICTL_VERSION = "v1.34.0"
CRICTL = pathlib.Path.home() / ".cache" / "cpuhound-tests" / f"crictl-{CRICTL_VERSION}" / "crictl"
UNPACKED = pathlib.Path.home() / ".cache" / "cpuhound-tests" / "containerd"
BUILD_S = 500  # once
IMAGE, PAUSE = "registry.test:5000/shop/checkout:v2.3", "registry.test:5000/pause:1"
POD_UID = "2d7f5c1e-4b0a-4e57-9f43-6a1b8c9d0e2f"
CGROUP = f"/kubepods/burstable/pod{POD_UID}"
SHIMS = pathlib.Path("/run/containerd")  # of all containerds: sockets of the shims, state of runc

CONFIG = """version = 2
root = "{dir}/root"
state = "{dir}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.tracing"]
[grpc]
address = "{dir}/sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{dir}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runc}"
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "{dir}/cni"
"""


def build_crictl():
    go = shutil.which("go")
    if not go:
        return "no go, to build crictl with"
    env = os.environ | {"GOBIN": str(CRICTL.parent), "GOFLAGS": "-p=1", "GOTOOLCHAIN": "local"}
    r = h.run(go, "install", f"sigs.k8s.io/cri-tools/cmd/crictl@{CRICTL_VERSION}", env=env, timeout=BUILD_S)
    return None if r.rc == 0 else f"crictl is not to be had: {r.stderr[-300:]}"


def unpack_containerd():
    """Debian's package, not installed: it would start a daemon of its own."""
    if not (UNPACKED / "usr" / "bin" / "containerd").exists():
        UNPACKED.mkdir(parents=True, exist_ok=True)
        h.run("sh", "-c", 'apt-get download -q containerd && dpkg -x containerd_*.deb "$0"', UNPACKED)
    os.environ["PATH"] += f":{UNPACKED}/usr/bin"


def why_not():
    """What is missing; None: nothing."""
    if not shutil.which("containerd"):
        unpack_containerd()
    for program in ("containerd", "ctr", "containerd-shim-runc-v2"):
        if not shutil.which(program):
            return f"no {program}"
    return oci.why_not() or (None if CRICTL.exists() else build_crictl())


def add_file(tar, name, data, mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))


def make_archive(path, programs):
    """As `docker save` has it: two images of one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for program in (oci.BUSYBOX, *programs):
            add_file(tar, f"bin/{os.path.basename(program)}", pathlib.Path(program).read_bytes(), 0o755)
    config = {"architecture": "amd64", "os": "linux",
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}}
    images = {IMAGE: config, PAUSE: config | {"config": {"Entrypoint": ["/bin/busybox", "sleep", "1000000"]}}}
    with tarfile.open(path, "w") as tar:
        add_file(tar, "layer.tar", layer.getvalue())
        for i, content in enumerate(images.values()):
            add_file(tar, f"config-{i}.json", json.dumps(content).encode())
        add_file(tar, "manifest.json", json.dumps([{"Config": f"config-{i}.json", "RepoTags": [name],
                                                    "Layers": ["layer.tar"]} for i, name in enumerate(images)]).encode())


class Containerd:
    def __init__(self, programs):
        self.dir = h.tmp("containerd")
        self.socket = os.path.join(self.dir, "sock")
        self._log = os.path.join(self.dir, "log")
        self._made = [d for d in (SHIMS,) if not d.exists()]
        self._pods = []
        self._programs = programs

    def __enter__(self):
        os.makedirs(self.dir)
        config, archive = os.path.join(self.dir, "config.toml"), os.path.join(self.dir, "images.tar")
        pathlib.Path(config).write_text(CONFIG.format(dir=self.dir, pause=PAUSE, runc=oci.RUNC))
        with open(self._log, "wb") as log:
            self.process = h.start("containerd", "--config", config, stdout=log, stderr=log)
        make_archive(archive, self._programs)
        try:
            if not h.until(lambda: self._crictl("version").rc == 0 or self.process.poll() is not None):
                raise RuntimeError("containerd does not start")
            self._must(h.run("ctr", "--address", self.socket, "--namespace", "k8s.io", "images", "import", archive))
            h.until(lambda: all(self._crictl("inspecti", image).rc == 0 for image in (IMAGE, PAUSE)))
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.go_on()
        for pod in self._pods:
            self._crictl("rmp", "--force", pod)
        h.stop(self.process)
        for path in self._made:
            shutil.rmtree(path, ignore_errors=True)
        for mount in pathlib.Path("/sys/fs/cgroup").iterdir():
            for path in (CGROUP, os.path.dirname(CGROUP), "/kubepods"):
                try:
                    os.rmdir(f"{mount}{path}")
                except OSError:  # somebody else's, too
                    pass

    def _crictl(self, *args):
        endpoint = f"unix://{self.socket}"
        return h.run(CRICTL, "--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "--timeout", "60s", *args)

    def _must(self, r):
        if r.rc != 0:
            raise RuntimeError(f"{r.stderr}\n{pathlib.Path(self._log).read_text()[-2000:]}")
        return r.stdout.strip()

    def run(self, pod, container, command):
        """A pod with one container: its id."""
        sandbox = {"metadata": {"name": pod, "namespace": "shop", "uid": POD_UID, "attempt": 0}, "linux": {
            "cgroup_parent": CGROUP, "security_context": {"namespace_options": {"network": 2}}}}
        config = {"metadata": {"name": container}, "image": {"image": IMAGE}, "command": command, "linux": {}, "labels": {
            "io.kubernetes.container.name": container, "io.kubernetes.pod.name": pod,
            "io.kubernetes.pod.namespace": "shop"}}
        files = []
        for name, content in ((f"{pod}.json", sandbox), (f"{pod}-{container}.json", config)):
            files.append(os.path.join(self.dir, name))
            pathlib.Path(files[-1]).write_text(json.dumps(content))
        self._pods.append(self._must(self._crictl("runp", files[0])))
        made = self._must(self._crictl("create", self._pods[-1], files[1], files[0]))
        self._must(self._crictl("start", made))
        return made

    def hang(self):
        """It still takes connections, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
