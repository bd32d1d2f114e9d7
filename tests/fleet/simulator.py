#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A fleet of municipal endpoints in one process, on addresses 127.x.y.z.

  simulator.py SPEC DIR

SPEC is JSON: {"seed", "now_ms", "hosts", "hostile_hosts", "delay_ms", "kinds": {kind: how many}}; DIR has the
certificates that fleet.py made, or none for a fleet without TLS. When all listen, a line of JSON with the ports is
printed. The control port answers GET /expected (what must have come over in the end), /stats, and POST /grow?count=N
(each good endpoint gets N more signals). Ends when its standard input does.
"""
import asyncio
import contextlib
import functools
import json
import pathlib
import resource
import socket
import ssl
import sys
import urllib.parse

import behaviours
import data
import endpoints
import systems  # its kinds
from endpoints import Endpoint, Reply

HEAD_MAX = 65536
BIND_ATTEMPTS = 20
CERTIFICATE_HOSTS = 50  # so many share a certificate: one for all would be as large as no real one is
TLS_HELLO = b"\x16"  # on a plain connection


class Hostile(Endpoint):
    """A play that never ends well, behind an endpoint's name."""

    good = False
    count = 0

    async def serve(self, exchange):
        self.count_request()
        return await self.play(exchange)


def host_of(number):
    """127.0.0.1 to 127.0.0.254, then 127.0.1.1 and so on."""
    return f"127.{number // 254 // 256}.{number // 254 % 256}.{number % 254 + 1}"


class World:
    """All endpoints of a specification, the same ones each time. The hostile have hosts of their own, behind those of
    the good: what a host can bear is shared by who is on it. The last host is for the crowd."""

    def __init__(self, spec):
        self.seed, self.now_ms, self.delay_s = spec["seed"], spec["now_ms"], spec.get("delay_ms", 0) / 1000
        self.codes = data.municipalities()
        hosts, hostile_hosts = spec["hosts"], spec.get("hostile_hosts", 0)
        self.hosts = [host_of(n) for n in range(hosts + hostile_hosts + 1)]
        self.endpoints = {}
        good = bad = 0
        for kind, count in spec["kinds"].items():
            for n in range(count):
                if kind in endpoints.KINDS and endpoints.KINDS[kind][1].get("crowd"):
                    host = self.hosts[-1]
                elif kind in behaviours.HOSTILE:
                    host, bad = self.hosts[hosts + bad % hostile_hosts], bad + 1
                else:
                    host, good = self.hosts[good % hosts], good + 1
                self.add(kind, f"{kind}-{n + 1}", n, host)

    def add(self, kind, name, number, host):
        if kind in behaviours.HOSTILE:
            play, reason, options = behaviours.HOSTILE[kind]
            endpoint = Hostile(self, name, number, {**options, "play": play, "reason": reason})
        else:
            made, options = endpoints.KINDS[kind]
            endpoint = made(self, name, number, options)
        endpoint.kind, endpoint.host = kind, host
        self.endpoints[name] = endpoint

    def municipality(self, number):
        return self.codes[number % len(self.codes)]


class Exchange:
    """One request, and the way back."""

    def __init__(self, server, line, headers, body, writer, scheme):
        self.target = line.split(" ")[1]
        parts = urllib.parse.urlsplit(self.target)
        self.path, self.headers, self.body = parts.path, headers, body
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.writer = writer
        self.base = f"{scheme}://{headers.get('host', '')}"
        self.name = self.path.split("/")[1]
        self.endpoint = server.world.endpoints.get(self.name)
        host = "127.0.0.2" if self.endpoint and self.endpoint.host != "127.0.0.2" else "127.0.0.3"
        self.elsewhere = f"http://{host}:{server.ports.get('http')}/{self.name}/elsewhere"

    def stray(self):
        """Who asks should not have come here."""
        self.endpoint.strayed += 1

    async def write(self, bytes_):
        self.writer.write(bytes_)
        await self.writer.drain()

    async def reply(self, reply):
        lines = [f"HTTP/1.1 {reply.status} Fleet"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.status != 304:
            lines.append(f"Content-Length: {len(reply.body)}")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        await self.write(head if reply.status == 304 else head + reply.body)


class Server:
    def __init__(self, world, directory):
        self.world, self.directory, self.ports = world, directory, {}
        self.open, self.open_max, self.tasks = {}, {}, set()

    @functools.lru_cache
    def context(self, name, group):
        """What a listener speaks; None: no TLS."""
        if name == "http":
            return None
        certificate = "selfsigned" if name == "selfsigned" else f"server-{group}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{certificate}.pem", self.directory / f"{certificate}.key")
        if name == "mutual":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.directory / "ca.pem")
        return context

    async def listen(self):
        """At each host, on a port for each way that its endpoints are asked. The plain one is also where
        "plain-on-tls" is asked for TLS."""
        schemes = {e.scheme.replace("plain", "http") for e in self.world.endpoints.values()}
        for name in sorted(schemes):
            sockets = bind(self.world.hosts)
            self.ports[name] = sockets[0].getsockname()[1]
            for n, one in enumerate(sockets):
                await asyncio.start_server(self.keep("http" if name == "http" else "https"), sock=one, limit=HEAD_MAX,
                                           ssl=self.context(name, n // CERTIFICATE_HOSTS))
        control = await asyncio.start_server(self.keep("control"), "127.0.0.1", 0)
        self.ports["control"] = control.sockets[0].getsockname()[1]

    def keep(self, scheme):
        async def connected(reader, writer):
            task = asyncio.current_task()
            self.tasks.add(task)
            try:
                await self.converse(reader, writer, scheme)
            except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
                pass
            finally:
                self.tasks.discard(task)
                writer.close()
        return connected

    async def converse(self, reader, writer, scheme):
        again = True
        while again:
            first = await reader.readexactly(1)
            if first == TLS_HELLO:
                writer.write(behaviours.head(400, 0))
                return
            line, headers = parse(first + await reader.readuntil(b"\r\n\r\n"))
            body = await reader.readexactly(min(int(headers.get("content-length", 0)), HEAD_MAX))
            exchange = Exchange(self, line, headers, body, writer, scheme)
            if scheme == "control":
                await exchange.reply(self.control(exchange))
            else:
                again = await self.serve(exchange, "{}:{}".format(*writer.get_extra_info("sockname")))

    async def serve(self, exchange, host):
        """Also counts how many are served at a time at each host."""
        if exchange.endpoint is None:
            await exchange.reply(Reply(404))
            return True
        if exchange.path.endswith("/elsewhere"):
            exchange.stray()
        self.open[host] = self.open.get(host, 0) + 1
        self.open_max[host] = max(self.open_max.get(host, 0), self.open[host])
        try:
            delay_s = self.world.delay_s + exchange.endpoint.delay_s
            if delay_s:
                await asyncio.sleep(delay_s)
            return await exchange.endpoint.serve(exchange)
        finally:
            self.open[host] -= 1

    def control(self, exchange):
        all_of = self.world.endpoints.items()
        if exchange.path == "/expected":
            value = {name: e.expected() for name, e in all_of if e.good}
        elif exchange.path == "/stats":
            value = {"hosts": self.open_max,
                     "endpoints": {name: {"requests": e.requests, "answers": e.answers, "refused": e.refused,
                                          "notModified": e.not_modified, "strayed": e.strayed, "early": e.early,
                                          "bad": e.bad, "mark": e.mark()} for name, e in all_of}}
        elif exchange.path == "/grow":
            for _, endpoint in all_of:
                endpoint.grow(int(exchange.query["count"]) if endpoint.good else 0)
            value = {}
        else:
            return Reply(404)
        return Reply(200, {"Content-Type": "application/json"}, data.json_bytes(value))


def parse(head):
    """Request line, headers by their names in lower case."""
    line, *rest = head.decode("latin-1").split("\r\n")
    return line, {k.lower(): v.strip() for k, _, v in (one.partition(":") for one in rest if one)}


def bind(hosts):
    """One port that is free at all hosts."""
    for attempt in range(BIND_ATTEMPTS):
        sockets = []
        try:
            for host in hosts:
                one = socket.socket()
                sockets.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((host, sockets[0].getsockname()[1] if len(sockets) > 1 else 0))
            return sockets
        except OSError:
            for one in sockets:
                one.close()
            if attempt == BIND_ATTEMPTS - 1:
                raise


async def until_end_of_input():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def main():
    world = World(json.loads(sys.argv[1]))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for rounds in (1, 2):
        behaviours.bomb(rounds)  # takes a while, and nobody should wait for it later
    server = Server(world, pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    await server.listen()
    print(json.dumps(server.ports), flush=True)
    await until_end_of_input()
    for task in list(server.tasks):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*server.tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
