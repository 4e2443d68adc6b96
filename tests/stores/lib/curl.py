# SPDX-License-Identifier: Apache-2.0
"""HTTP by curl(1), as a client that is not ours: HTTP/1.1 and, for gRPC, HTTP/2 without TLS.

    r = curl.request("POST", url, body, {"Content-Type": "application/proto"})
    r.status (0: no answer), r.headers (names in lower case), r.body (bytes), r.json()
    message = curl.grpc(url + "/package.Service/Method", body)     raises GrpcError, with its status
"""
import collections
import json
import os
import subprocess
import tempfile
import urllib.parse

REQUEST_S = 30


class Response(collections.namedtuple("Response", "status headers body")):
    def json(self):
        return json.loads(self.body)


class GrpcError(Exception):
    def __init__(self, status, message):
        super().__init__(f"grpc-status {status}: {message}")
        self.status = status


def _parse_headers(text):
    """Of the last answer, its trailers included; what came before is a 100 Continue."""
    headers = {}
    for line in text.splitlines():
        if line.startswith("HTTP/"):
            headers = {}
        elif ":" in line:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
    return headers


def request(method, url, body=None, headers=None, *, http2=False):
    with tempfile.TemporaryDirectory() as scratch:
        header_file, body_file = os.path.join(scratch, "headers"), os.path.join(scratch, "body")
        command = ["curl", "-q", "-sS", "-g", "--path-as-is", "--noproxy", "*", "-m", str(REQUEST_S), "-X", method,
                   "-D", header_file, "-o", body_file, "-w", "%{http_code}", "-H", "Expect:"]
        command += ["--http2-prior-knowledge"] if http2 else []
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run([*command, url], input=body or b"", capture_output=True, check=False)
        status = int(done.stdout or 0)

        def text_of(path):
            if not os.path.exists(path):
                return b""
            with open(path, "rb") as f:
                return f.read()

        answered = _parse_headers(text_of(header_file).decode(errors="replace"))
        return Response(status, answered, text_of(body_file) if status else done.stderr)


def grpc(url, message):
    """A unary call: the message of the reply."""
    framed = b"\0" + len(message).to_bytes(4, "big") + message
    r = request("POST", url, framed, {"Content-Type": "application/grpc", "TE": "trailers"}, http2=True)
    status = int(r.headers.get("grpc-status", -1))
    if status != 0:
        raise GrpcError(status, urllib.parse.unquote(r.headers.get("grpc-message", f"HTTP {r.status} {r.body[:200]}")))
    return r.body[5:]
