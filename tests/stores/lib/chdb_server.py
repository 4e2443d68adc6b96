# SPDX-License-Identifier: Apache-2.0
"""ClickHouse's HTTP interface over chdb, as far as a client that inserts and selects sees it: parameters are settings
or those of the query (param_NAME), gzip and zstd bodies, and errors in the server's form. The engine and its errors are real; the HTTP layer is ours.

usage: chdb_server.py PORT DIR USER PASSWORD      (with an interpreter that has chdb)
"""
import base64
import gzip
import http.server
import re
import subprocess
import sys
import threading
import urllib.parse

from chdb import session

# Of the server's src/Server/HTTP/exceptionCodeToHTTPStatus.cpp: what differs from 500 and may come here.
STATUS = {60: 404, 81: 404, 46: 404, 16: 400, 27: 400, 36: 400, 43: 400, 47: 404, 53: 400, 62: 400, 115: 404, 117: 400,
          241: 500, 252: 500, 516: 403, 497: 403}
UNPACK = {"gzip": gzip.decompress,
          "zstd": lambda data: subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout}
PORT, DIR, USER, PASSWORD = sys.argv[1:]
ENGINE, ONE_AT_A_TIME = session.Session(DIR), threading.Lock()


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(query, settings, body):
    """An INSERT's settings stand before its FORMAT, its rows behind. The engine reads the text of a parameter as the
    server does."""
    parameters = {name: settings.pop(name) for name in list(settings) if name.startswith("param_")}
    if parameters:
        words = ", ".join(f"{name} = {quoted(value)}" for name, value in parameters.items())
        ENGINE.query(f"SET {words}")
    if settings:
        words = ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
        query, n = re.subn(r"\s(?=FORMAT\s+\w+\s*$)", lambda _: f" SETTINGS {words} ", query)
        query += "" if n else f" SETTINGS {words}"
    return ENGINE.query(query + ("\n" + body.decode() if body else ""), "JSONEachRow").bytes()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, code=0):
        self.send_response(status)
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fail(self, code, text):
        self.answer(STATUS.get(code, 500), f"{text}\n".encode(), code)

    def is_known(self):
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        named = self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")
        return self.headers.get("Authorization") == basic or named == (USER, PASSWORD)

    def do_GET(self):  # noqa: N802
        self.answer(200, b"Ok.\n")

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        settings = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))
        query, database = settings.pop("query", ""), settings.pop("database", None)
        for name in ("default_format", "wait_end_of_query"):  # always JSONEachRow, and whole
            settings.pop(name, None)
        coding = self.headers.get("Content-Encoding")
        if not query and not coding:
            query, body = body.decode(), b""
        if not self.is_known():
            self.fail(516, "Code: 516. DB::Exception: Authentication failed")
            return
        if coding and coding not in UNPACK:
            self.fail(89, f"Code: 89. DB::Exception: Unknown compression method: {coding}")
            return
        try:
            body = UNPACK[coding](body) if coding else body
            with ONE_AT_A_TIME:  # database and parameters are the session's
                if database:
                    run(f"USE `{database}`", {}, b"")
                rows = run(query, settings, body)
            self.answer(200, rows)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as e:
            code = re.search(r"Code: (\d+)\.", str(e))
            self.fail(int(code.group(1)) if code else 1002, str(e))

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
