# SPDX-License-Identifier: Apache-2.0
"""ClickHouse twice: Debian's server (18.16: true HTTP, old engine) and the engine of today (chdb: HTTP of our own, see
chdb-server). Both take what a client of ClickHouse's HTTP interface sends.

    with clickhouse.Chdb() as store:
        store.sql("SELECT ..")                   rows as dictionaries; raises SqlError
        store.insert(query, rows, **settings)    curl.Response; the rows as JSONEachRow
        store.samples()                          comparable: see samples.py
"""
import json
import pathlib
import re
import urllib.parse

import curl
import daemon
import provision
import samples

USER, PASSWORD = "cpuhound", "of-the-tests"
DATABASE = "cpuhound"
VERSION = "18.16.1+*"
CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{dir}/server.log</log><errorlog>{dir}/errors.log</errorlog></logger>
  <http_port>{port}</http_port>
  <tcp_port>{tcp_port}</tcp_port>
  <listen_host>127.0.0.1</listen_host>
  <path>{dir}/data/</path>
  <tmp_path>{dir}/tmp/</tmp_path>
  <user_files_path>{dir}/user_files/</user_files_path>
  <format_schema_path>{dir}/format_schemas/</format_schema_path>
  <users_config>{dir}/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
</yandex>
"""
USERS = """<?xml version="1.0"?>
<yandex>
  <profiles>
    <default><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type></default>
  </profiles>
  <users>
    <{user}>
      <password>{password}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{user}>
  </users>
  <quotas><default></default></quotas>
</yandex>
"""


class SqlError(Exception):
    pass


class ClickHouse(daemon.Daemon):
    """What both have in common: the HTTP interface."""

    def is_ready(self):
        return daemon.answers(f"{self.url}/ping")

    def post(self, query, body=b"", headers=None, *, user=USER, password=PASSWORD, **settings):
        parameters = urllib.parse.urlencode({"query": query} | settings)
        headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password} | (headers or {})
        return curl.request("POST", f"{self.url}/?{parameters}", body, headers)

    def insert(self, query, rows, **settings):
        return self.post(query, "".join(json.dumps(row) + "\n" for row in rows).encode(), **settings)

    def apply(self, path):
        """The statements of a file, each behind the other."""
        text = re.sub(r"--.*", "", pathlib.Path(path).read_text())
        for statement in filter(str.strip, text.split(";")):
            self.sql(statement)

    def samples(self, kind="cpu", where="1"):
        """Samples joined to their stacks, of the tables that packaging/clickhouse/schema.sql makes."""
        value = {"cpu": "Value", "samples": "Samples"}[kind]
        rows = self.sql(f"""SELECT ServiceName, Labels, Stack, sum({value}) AS Sum FROM {DATABASE}.samples
            JOIN (SELECT DISTINCT ServiceName, Hash, Stack FROM {DATABASE}.stacks) AS stacks
            ON samples.ServiceName = stacks.ServiceName AND samples.StackHash = stacks.Hash
            WHERE {where} GROUP BY ServiceName, Labels, Stack""")
        result = {}
        for row in rows:
            samples.add(result, row["Labels"] | {"service_name": row["ServiceName"]}, row["Stack"], int(row["Sum"]))
        return result

    def sql(self, query, **settings):
        r = self.post(query, default_format="JSONEachRow", **settings)
        if r.status != 200:
            raise SqlError(f"HTTP {r.status}: {r.body.decode(errors='replace')[:500]}")
        return [json.loads(line) for line in r.body.decode().splitlines()]


class DebianServer(ClickHouse):
    N_PORTS = 2

    def __init__(self, name="clickhouse"):
        super().__init__(name)
        self.root = provision.debian_packages("clickhouse-server", VERSION)

    def environment(self):
        return {"LD_LIBRARY_PATH": ":".join(map(str, self.root.glob("**/lib/*-linux-gnu")))}

    def command(self):
        for folder in ("data", "tmp", "user_files", "format_schemas"):
            (self.dir / folder).mkdir(exist_ok=True)
        files = {"config.xml": CONFIG.format(dir=self.dir, port=self.port, tcp_port=self.ports[1]),
                 "users.xml": USERS.format(user=USER, password=PASSWORD)}
        for name, text in files.items():
            (self.dir / name).write_text(text)
        return [self.root / "usr/sbin/clickhouse-server", f"--config-file={self.dir}/config.xml"]


class Chdb(ClickHouse):
    def __init__(self, name="chdb"):
        super().__init__(name)
        self.python = provision.python_with("chdb")

    def command(self):
        server = pathlib.Path(__file__).resolve().parent / "chdb_server.py"
        return [self.python, server, str(self.port), self.dir / "data", USER, PASSWORD]
