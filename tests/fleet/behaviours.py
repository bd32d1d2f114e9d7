# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong at the other side, each as a play for one exchange. A play returns True when the connection may be
used again; otherwise it is closed."""
import asyncio
import email.utils
import functools
import gzip
import json
import time
import zlib

ITEM = '{"id":"%s-%s","reported":"2017-03-05","category":"arbeidsuitbuiting"}'
PATIENCE_S = 300           # longer than any time limit of who asks
BUSY_S = 2
MIB = 1 << 20


def head(status=200, length=None, **headers):
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def page(exchange, *names):
    """A good page, as a text."""
    return "[" + ",".join(ITEM % (exchange.name, name) for name in names) + "]"


async def plain(exchange, body, status=200, **headers):
    body = body if isinstance(body, bytes) else body.encode()
    headers.setdefault("Content_Type", "application/json")
    await exchange.write(head(status, len(body), **headers) + body)
    return True


# --- passing troubles

async def busy_seconds(exchange):
    exchange.endpoint.busy_until = time.time() + BUSY_S
    return await plain(exchange, b"", 429, Retry_After=BUSY_S)


async def busy_date(exchange):
    exchange.endpoint.busy_until = until = int(time.time() + BUSY_S)
    return await plain(exchange, b"", 503, Retry_After=email.utils.formatdate(until, usegmt=True))


async def broken_500(exchange):
    return await plain(exchange, "<h1>Internal Server Error</h1>", 500, Content_Type="text/html")


async def cut_body(exchange):
    body = page(exchange, "cut").encode()
    await exchange.write(head(200, len(body)) + body[:-20])


async def truncated_json(exchange):
    return await plain(exchange, page(exchange, "truncated", "whole")[:-25])


# --- never good

async def slow_head(exchange):
    await drip(exchange, head(200, 2))


async def slow_body(exchange):
    body = page(exchange, "slow").encode()
    await exchange.write(head(200, len(body)))
    await drip(exchange, body)


async def drip(exchange, data):
    for byte in data:
        await exchange.write(bytes([byte]))
        await asyncio.sleep(1)


async def never_answers(exchange):
    await asyncio.sleep(PATIENCE_S)


async def endless_body(exchange):
    await exchange.write(head(200, Transfer_Encoding="chunked"))
    chunk = page(exchange, "endless")[:-1].encode() + b"," * 60000
    while True:
        await exchange.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))


async def endless_heads(exchange):
    while True:
        await exchange.write(head(103, Link="</style.css>; rel=preload") * 100)


async def endless_pages(exchange):
    number = int(exchange.query.get("page", 1))
    target = f'<{exchange.path}?page={number + 1}>; rel="next"'
    return await plain(exchange, page(exchange, "first"), Link=target)


async def next_itself(exchange):
    return await plain(exchange, page(exchange, "first"), Link=f'<{exchange.base}{exchange.target}>; rel="next"')


async def next_elsewhere(exchange):
    return await plain(exchange, page(exchange, "first"), Link=f'<{exchange.elsewhere}>; rel="next"')


async def next_other_scheme(exchange):
    return await plain(exchange, page(exchange, "first"), Link='<file:///etc/passwd>; rel="next"')


@functools.lru_cache
def bomb(rounds):
    """A few bytes that unpack to 64 MiB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = squeeze.compress(b"[") + b"".join(squeeze.compress(b" " * MIB) for _ in range(64)) + squeeze.flush()
    return data if rounds == 1 else gzip.compress(data)


async def gzip_bomb(exchange):
    return await plain(exchange, bomb(1), Content_Encoding="gzip")


async def double_gzip(exchange):
    return await plain(exchange, bomb(2), Content_Encoding="gzip, gzip")


async def broken_json(exchange):
    return await plain(exchange, page(exchange, "one").replace('"reported"', '"reported'))


async def deep_json(exchange):
    return await plain(exchange, "[" * 200000)


async def not_a_list(exchange):
    return await plain(exchange, '"morgen weer"')


async def too_many(exchange):
    return await plain(exchange, sevens())


async def html(exchange):
    return await plain(exchange, "<!doctype html><title>Inloggen</title>", Content_Type="text/html")


async def empty_body(exchange):
    return await plain(exchange, b"")


async def redirect_elsewhere(exchange):
    return await plain(exchange, b"", 302, Location=exchange.elsewhere)


async def redirect_other_scheme(exchange):
    return await plain(exchange, b"", 301, Location="file:///etc/passwd")


async def redirect_loop(exchange):
    return await plain(exchange, b"", 302, Location=exchange.path)


async def long_length(exchange):
    body = page(exchange, "one").encode()
    await exchange.write(head(200, len(body) + 10) + body)


async def short_length(exchange):
    body = page(exchange, "one").encode()
    await exchange.write(head(200, len(body) - 10) + body)
    return True


async def broken_chunks(exchange):
    await exchange.write(head(200, Transfer_Encoding="chunked") + b"zz\r\n[]\r\n0\r\n\r\n")


async def huge_headers(exchange):
    return await plain(exchange, page(exchange, "one"), **{f"X_Much_{n}": "x" * 8000 for n in range(100)})


async def close_at_once(exchange):
    return False


async def not_http(exchange):
    await exchange.write(b"220 mail.example.nl ESMTP ready\r\n" * 50)


async def refused(exchange):
    return await plain(exchange, '{"detail":"Invalid token."}', 401, WWW_Authenticate="Bearer")


async def not_found(exchange):
    return await plain(exchange, "<h1>Not Found</h1>", 404, Content_Type="text/html")


async def busy_for_ever(exchange):
    return await plain(exchange, b"", 429, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT")


async def always_500(exchange):
    return await broken_500(exchange)


async def open311_error(exchange):
    return await plain(exchange, '[{"code":403,"description":"Invalid api_key received"}]', 403)


async def no_results(exchange):
    return await plain(exchange, '{"_links":{"next":{"href":null}},"count":0}')


async def count_too_high(exchange):
    return await plain(exchange, '{"_links":{"next":{"href":null}},"count":9,"results":[]}')


async def pages_in_a_circle(exchange):
    number = int(exchange.query.get("page", 1))
    return await plain(exchange, page(exchange, "one", "two"), Link=f"<?page={number % 3 + 1}>; rel=next")


async def next_is_elsewhere(exchange):
    """Not where the template looks for it."""
    return await plain(exchange, '{"results":[],"next":"https://a.example.nl/?page=2"}')


async def next_without_target(exchange):
    return await plain(exchange, page(exchange, "one"), Link="?page=2; rel=next")


async def not_modified_unasked(exchange):
    await exchange.write(head(304))
    return True


@functools.lru_cache
def sevens():
    return "[" + ",".join("7" for _ in range(100001)) + "]"


@functools.lru_cache
def full_window():
    items = [{"service_request_id": 700000 + n, "requested_datetime": "2017-03-05T12:00:00Z", "service_code": "x",
              "service_name": "arbeidsuitbuiting"} for n in range(1000)]
    return json.dumps(items)


async def always_full(exchange):
    """However small the window: as many as there may be."""
    return await plain(exchange, full_window())


async def tls_only(exchange):
    """Behind a certificate or a port that nobody should trust: an answer would be a fault of who asked."""
    exchange.stray()
    return await plain(exchange, page(exchange, "untrusted"))


TIMEOUT = r"(?i)timed out"
TOO_LARGE = r"(?i)too large"
PAGE = r"(?i)page cannot be read"
CUT = r"(?i)cut off"
# kind: (play, what its reason must say, options of the endpoint)
HOSTILE = {
    "slow-head": (slow_head, TIMEOUT, {}),
    "slow-body": (slow_body, TIMEOUT, {}),
    "never-answers": (never_answers, TIMEOUT, {}),
    "endless-body": (endless_body, TOO_LARGE, {}),
    "endless-heads": (endless_heads, r"(?i)header", {}),
    "endless-pages": (endless_pages, r"(?i)paging|pages", {"template": "fleet-link"}),
    "next-itself": (next_itself, r"(?i)same|itself|pages", {"template": "fleet-link"}),
    "next-elsewhere": (next_elsewhere, r"(?i)origin|host", {"template": "fleet-link"}),
    "next-other-scheme": (next_other_scheme, r"(?i)origin|host", {"template": "fleet-link"}),
    "gzip-bomb": (gzip_bomb, TOO_LARGE, {}),
    "double-gzip": (double_gzip, TOO_LARGE, {}),
    "truncated-json": (truncated_json, PAGE, {}),
    "broken-json": (broken_json, PAGE, {}),
    "deep-json": (deep_json, PAGE, {}),
    "not-a-list": (not_a_list, PAGE, {}),
    "too-many": (too_many, PAGE, {}),
    "html": (html, PAGE, {}),
    "empty-body": (empty_body, PAGE, {}),
    "wrong-certificate": (tls_only, r"(?i)certificate|TLS|SSL", {"scheme": "selfsigned"}),
    "plain-on-tls": (tls_only, r"(?i)certificate|TLS|SSL", {"scheme": "plain"}),
    "redirect-elsewhere": (redirect_elsewhere, r"(?i)redirect", {}),
    "redirect-other-scheme": (redirect_other_scheme, r"(?i)redirect", {}),
    "redirect-loop": (redirect_loop, r"(?i)redirect", {}),
    "cut-body": (cut_body, CUT, {}),
    "long-length": (long_length, CUT, {}),
    "short-length": (short_length, PAGE, {}),
    "broken-chunks": (broken_chunks, r"(?i)malformed|broken", {}),
    "huge-headers": (huge_headers, r"(?i)header", {}),
    "close-at-once": (close_at_once, CUT, {}),
    "not-http": (not_http, r"(?i)http", {}),
    "unauthorised": (refused, r"401", {"auth": "bearer"}),
    "not-found": (not_found, r"404", {}),
    "busy-for-ever": (busy_for_ever, r"429", {}),
    "always-500": (always_500, r"500", {}),
    "open311-error": (open311_error, r"403", {"template": "open311"}),
    "zaken-forbidden": (open311_error, r"403", {"template": "zgw-zaken", "auth": "zgw"}),
    "zaken-html": (html, PAGE, {"template": "zgw-zaken", "auth": "zgw"}),
    "objects-none": (no_results, PAGE, {"template": "objects-api", "auth": "token"}),
    "kobo-bomb": (gzip_bomb, TOO_LARGE, {"template": "kobotoolbox", "auth": "token"}),
    "odk-cut": (cut_body, CUT, {"template": "odk-central", "auth": "basic"}),
    "always-full": (always_full, r"(?i)window", {"template": "open311"}),
    "count-too-high": (count_too_high, r"(?i)more than came", {"template": "signalen", "auth": "bearer"}),
    "pages-in-a-circle": (pages_in_a_circle, r"(?i)came twice", {"template": "fleet-link"}),
    "next-is-elsewhere": (next_is_elsewhere, r"(?i)next page", {"template": "signalen", "auth": "bearer"}),
    "next-without-target": (next_without_target, r"(?i)next page", {"template": "fleet-link"}),
    "not-modified-unasked": (not_modified_unasked, r"304", {}),
    "no-results": (no_results, PAGE, {"template": "signalen", "auth": "bearer"}),
}
