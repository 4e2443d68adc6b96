# SPDX-License-Identifier: Apache-2.0
"""AWS Signature Version 4 for S3, a second writing of it, by
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

    headers = sigv4.sign(key, "PUT", "127.0.0.1:7070", "/bucket/a=b/c.pb.gz", body=data)
"""
import collections
import datetime
import hashlib
import hmac
import urllib.parse

Key = collections.namedtuple("Key", "access secret region", defaults=("us-east-1",))


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(key, method, host, path, query="", body=b"", headers=None, when=None):
    """All headers to send. path is as sent, percent-encoded; query is sorted and encoded."""
    when = when or datetime.datetime.now(datetime.timezone.utc)
    date, stamp = when.strftime("%Y%m%d"), when.strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(body).hexdigest()
    signed = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": stamp}
    signed |= {name.lower(): value for name, value in (headers or {}).items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    canonical = "\n".join((method, path, query, lines, names, payload))
    scope = f"{date}/{key.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{key.secret}".encode()
    for part in (date, key.region, "s3", "aws4_request"):
        secret = _hmac(secret, part)
    signature = _hmac(secret, text).hex()
    signed["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key.access}/{scope}, SignedHeaders={names}, "
                               f"Signature={signature}")
    return signed


def quoted(path):
    """As AWS encodes a key: everything but letters, digits, -._~ and the slashes."""
    return urllib.parse.quote(path, safe="/-._~")
