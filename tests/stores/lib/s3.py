# SPDX-License-Identifier: Apache-2.0
"""An S3 server that checks signatures: versitygw over a folder. `*.localhost` is loopback for every libcurl, so buckets
can be addressed in the host's name, too.

    with s3.Gateway() as store:
        store.make_bucket("profiles")
        store.put("profiles", "a/b", data)       curl.Response
        store.keys("profiles"), store.get("profiles", key)
"""
import re
import urllib.parse
import xml.sax.saxutils

import curl
import daemon
import provision
import sigv4

KEY = sigv4.Key("AKIDTESTTESTTESTTEST", "secret/of+the/tests")


class Gateway(daemon.Daemon):
    N_PORTS = 1

    def __init__(self, name="versitygw"):
        super().__init__(name)
        self.program = provision.go_program("versitygw", "github.com/versity/versitygw/cmd/versitygw")

    def environment(self):
        return {"ROOT_ACCESS_KEY": KEY.access, "ROOT_SECRET_KEY": KEY.secret}

    def command(self):
        for folder in ("data", "sidecar"):
            (self.dir / folder).mkdir(exist_ok=True)
        return [self.program, "--quiet", "--port", f"127.0.0.1:{self.port}", "--virtual-domain", self.domain, "posix",
                "--sidecar", self.dir / "sidecar", self.dir / "data"]

    @property
    def domain(self):
        return f"localhost:{self.port}"

    def is_ready(self):
        return self.request("GET", "/").status == 200

    def request(self, method, path, body=b"", headers=None, *, key=KEY, query="", host=None):
        host = host or f"127.0.0.1:{self.port}"
        path = sigv4.quoted(path)
        signed = sigv4.sign(key, method, host, path, query, body, headers)
        url = f"http://{host}{path}" + (f"?{query}" if query else "")
        return curl.request(method, url, body if method in ("PUT", "POST") else None, signed)

    def make_bucket(self, bucket):
        r = self.request("PUT", f"/{bucket}")
        assert r.status == 200, r

    def put(self, bucket, name, data, headers=None, **options):
        return self.request("PUT", f"/{bucket}/{name}", data, headers, **options)

    def get(self, bucket, name):
        r = self.request("GET", f"/{bucket}/{name}")
        assert r.status == 200, r
        return r.body

    def keys(self, bucket):
        """All of them, in order."""
        found, after = [], ""
        while True:
            query = "list-type=2" + (f"&start-after={urllib.parse.quote(after, safe='-._~')}" if after else "")
            r = self.request("GET", f"/{bucket}", query=query)
            assert r.status == 200, r
            text = r.body.decode()
            found += map(xml.sax.saxutils.unescape, re.findall("<Key>([^<]*)</Key>", text))
            if "<IsTruncated>true</IsTruncated>" not in text:
                return found
            after = found[-1]
