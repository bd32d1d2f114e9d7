#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A real Kafka broker on loopback, for tests and demonstrations.

Its jars come from Maven Central at first use and are kept in a cache. As a program:

    broker.py run DIR PORT --topic NAME:PARTITIONS[:compact]     prints "ready BOOTSTRAP", stops on SIGTERM
    broker.py fetch                                    only fills the cache
"""

import argparse
import atexit
import base64
import ctypes
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = "3.9.2"
START_SECONDS = 180
LIST_OFFSETS, METADATA, CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS = 2, 3, 19, 20, 21
CREATE_ACLS, DELETE_ACLS, ALTER_CONFIGS, CREATE_PARTITIONS, ELECT_LEADERS, ALTER_SCRAM = 30, 31, 33, 37, 43, 51
RIGHTS = {"read": 3, "write": 4, "describe": 8}
TOPIC_RESOURCE, LITERAL, ALLOW, SCRAM_SHA_512, SCRAM_ITERATIONS = 2, 3, 3, 2, 4096
UNKNOWN_TOPIC, TOPIC_ALREADY_EXISTS = 3, 36


def fetch(folder=HERE):
    """The folder with the jars that the pom.xml in `folder` names, filled if need be."""
    cache = os.environ.get("SIGNAALD_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "signaald")
    with open(os.path.join(folder, "pom.xml"), "rb") as pom:
        target = os.path.join(cache, "jars-" + hashlib.sha256(pom.read()).hexdigest()[:16])
    if os.path.isdir(target):
        return target
    os.makedirs(cache, exist_ok=True)
    partial = tempfile.mkdtemp(prefix="jars-partial-", dir=cache)
    try:
        subprocess.run(["mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=" + partial], cwd=folder, check=True,
                       stdout=sys.stderr)
        os.rename(partial, target)
    except OSError:
        if not os.path.isdir(target):  # else another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def _compact(data):
    """Of the protocol's later versions; short."""
    return bytes([len(data) + 1]) + data


def _read(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise ConnectionError("the broker closed the connection")
        data += piece
    return data


class Broker:
    """One broker in `dir`, which keeps its data from one start to the next."""

    def __init__(self, dir, port=None, controller_port=None, heap="256m", properties=""):
        """`properties`: lines beside those of server.properties.in, or instead of them."""
        self.dir = os.path.abspath(dir)
        self.properties = properties
        self.port = port or free_port()
        self.controller_port = controller_port or free_port()
        self.heap = heap
        self.process = None
        self.node, self.cluster = 1, self._new_id()
        self.bootstrap = "127.0.0.1:%d" % self.port

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        os.makedirs(self.dir, exist_ok=True)
        self._write_properties()
        self._format()
        with open(self._path("broker.log"), "ab") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", self._path("server.properties")),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        atexit.register(self.kill)
        self._await(self._answers)

    def stop(self):
        """In good order."""
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def second(self, dir, port):
        """A broker of the same cluster; this one is the controller."""
        other = Broker(dir, port, self.controller_port, self.heap, "node.id=2\nprocess.roles=broker\n"
                       "listeners=PLAINTEXT://127.0.0.1:%d\n" % port)
        other.node = 2
        with open(self._path("data/meta.properties")) as file:
            other.cluster = file.read().split("cluster.id=")[1].split("\n")[0]
        return other

    def create_topic(self, name, partitions=1, config=None, replicas=1):
        """Makes the topic; nothing when it is there already."""
        pairs = b"".join(_text(key) + _text(str(value)) for key, value in (config or {}).items())
        body = (struct.pack(">i", 1) + _text(name) + struct.pack(">ihi", partitions, replicas, 0) +
                struct.pack(">i", len(config or {})) + pairs + struct.pack(">i?", 30000, False))
        answer = self._call(CREATE_TOPICS, 2, body)
        self._check(name, answer, (0, TOPIC_ALREADY_EXISTS))
        self._await(lambda: self._topic_error(name) == 0)

    def delete_topic(self, name):
        answer = self._call(DELETE_TOPICS, 1,
                            struct.pack(">i", 1) + _text(name) + struct.pack(">i", 30000))
        self._check(name, answer, (0,))
        self._await(lambda: self._topic_error(name) == UNKNOWN_TOPIC)

    def add_partitions(self, name, total):
        body = struct.pack(">i", 1) + _text(name) + struct.pack(">ii", total, -1) + struct.pack(">i?", 30000, False)
        self._check(name, self._call(CREATE_PARTITIONS, 0, body), (0,))

    def set_topic(self, name, key, value):
        """A setting of the topic, and the others that it has by itself are the default's."""
        body = (struct.pack(">ib", 1, 2) + _text(name) + struct.pack(">i", 1) + _text(key) + _text(str(value)) +
                struct.pack(">?", False))
        (code,) = struct.unpack_from(">h", self._call(ALTER_CONFIGS, 0, body), 8)
        if code:
            raise RuntimeError("topic %s: Kafka error %d" % (name, code))

    def delete_records(self, name, partition):
        """All that the partition has now."""
        body = (struct.pack(">i", 1) + _text(name) + struct.pack(">i", 1) + struct.pack(">iq", partition, -1) +
                struct.pack(">i", 30000))
        answer = self._call(DELETE_RECORDS, 0, body)
        # throttle time, number of topics, name, number of partitions, partition, offset, error
        (code,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name.encode()) + 4 + 4 + 8)
        if code:
            raise RuntimeError("topic %s: Kafka error %d" % (name, code))

    def end(self, topic):
        """The offset behind the last record of the topic's first partition."""
        answer = self._call(LIST_OFFSETS, 1, struct.pack(">ii", -1, 1) + _text(topic) +
                            struct.pack(">iiq", 1, 0, -1))
        # number of topics, name, number of partitions, partition, error, timestamp, offset
        code, _, offset = struct.unpack_from(">hqq", answer, 4 + 2 + len(topic.encode()) + 4 + 4)
        if code:
            raise RuntimeError("topic %s: Kafka error %d" % (topic, code))
        return offset

    @staticmethod
    def _check(name, answer, fine):
        # throttle time, number of topics, name, error
        (code,) = struct.unpack_from(">h", answer, 10 + len(name.encode()))
        if code not in fine:
            raise RuntimeError("topic %s: Kafka error %d" % (name, code))

    def living(self):
        """The brokers that the cluster takes for living: new topics go to any of them."""
        done = subprocess.run(["kcat", "-L", "-J", "-b", self.bootstrap], stdout=subprocess.PIPE, check=True)
        return {one["id"] for one in json.loads(done.stdout)["brokers"]}

    def in_sync(self, name):
        """The brokers that have all of each partition."""
        done = subprocess.run(["kcat", "-L", "-J", "-b", self.bootstrap, "-t", name], stdout=subprocess.PIPE, check=True)
        (topic,) = json.loads(done.stdout)["topics"]
        return set.intersection(*({replica["id"] for replica in partition["isrs"]} for partition in topic["partitions"]))

    def elect_preferred(self, name, partitions):
        """The first replica of each partition leads it."""
        numbers = struct.pack(">i", partitions) + b"".join(struct.pack(">i", n) for n in range(partitions))
        self._call(ELECT_LEADERS, 0, struct.pack(">i", 1) + _text(name) + numbers + struct.pack(">i", 30000))

    def _acls(self, api, user, topic, rights):
        body = struct.pack(">i", len(rights)) + b"".join(
            struct.pack(">b", TOPIC_RESOURCE) + _text(topic) + struct.pack(">b", LITERAL) + _text("User:" + user) + _text("*") +
            struct.pack(">bb", RIGHTS[right], ALLOW) for right in rights)
        (code,) = struct.unpack_from(">h", self._call(api, 1, body), 8)
        if code:
            raise RuntimeError("rights of %s: Kafka error %d" % (user, code))

    def give_rights(self, user, topic, *rights):
        self._acls(CREATE_ACLS, user, topic, rights)

    def take_rights(self, user, topic, *rights):
        self._acls(DELETE_ACLS, user, topic, rights)

    def set_password(self, user, password):
        """For SCRAM-SHA-512."""
        salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, SCRAM_ITERATIONS)
        body = (b"\x00" + _compact(b"") + b"\x02" + _compact(user.encode()) + struct.pack(">bi", SCRAM_SHA_512, SCRAM_ITERATIONS) +
                _compact(salt) + _compact(salted) + b"\x00\x00")
        answer = self._call(ALTER_SCRAM, 0, body)
        # no fields, throttle time, number of users, name, error
        (code,) = struct.unpack_from(">h", answer, 1 + 4 + 1 + 1 + len(user.encode()))
        if code:
            raise RuntimeError("password of %s: Kafka error %d" % (user, code))

    def _call(self, api, version, body, timeout=60):
        """One request in Kafka's protocol; the answer's body."""
        request = struct.pack(">hhi", api, version, 1) + _text("broker.py") + body
        with socket.create_connection(("127.0.0.1", self.port), timeout) as sock:
            sock.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _read(sock, 4))
            return _read(sock, size)[4:]

    def _answers(self):
        try:
            (brokers,) = struct.unpack_from(
                ">i", self._call(METADATA, 1, struct.pack(">i", 0), timeout=2))
            return brokers > 0
        except OSError:
            return False

    def _topic_error(self, name):
        """What the broker says of the topic; other than the controller, it learns of it after the answer."""
        answer = self._call(METADATA, 1, struct.pack(">i", 1) + _text(name))
        (brokers,), at = struct.unpack_from(">i", answer), 4
        for _ in range(brokers):  # number, host, port, no rack
            at += 4
            at += 2 + struct.unpack_from(">h", answer, at)[0] + 4 + 2
        (code,) = struct.unpack_from(">h", answer, at + 4 + 4)  # controller, one topic
        return code

    def _await(self, condition):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                with open(self._path("broker.log"), errors="replace") as log:
                    raise RuntimeError("the broker did not get so far:\n" + log.read()[-4000:])
            time.sleep(0.05)

    def _end(self, signum):
        process, self.process = self.process, None
        if process is None:
            return
        atexit.unregister(self.kill)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signum)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _java(self, *arguments):
        return ["java", "-Xms" + self.heap, "-Xmx" + self.heap, "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + self.dir,
                "-Dlog4j.configuration=file:" + os.path.join(HERE, "log4j.properties"),
                "-cp", os.path.join(fetch(), "*"), *arguments]

    @staticmethod
    def _new_id():
        """In Kafka's form of a UUID."""
        return base64.urlsafe_b64encode(os.urandom(16)).decode()[:22]

    def _format(self):
        """As Kafka's own tool does, which is another JVM to wait for."""
        data = os.path.join(self.dir, "data")
        if os.path.isdir(data):
            return
        os.makedirs(data)
        with open(os.path.join(data, "meta.properties"), "w") as file:
            file.write("version=1\ncluster.id=%s\nnode.id=%d\n" % (self.cluster, self.node))

    def _write_properties(self):
        with open(os.path.join(HERE, "server.properties.in")) as template:
            text = template.read()
        for name, value in (("PORT", self.port), ("CONTROLLER_PORT", self.controller_port),
                            ("DIR", self.dir)):
            text = text.replace("@%s@" % name, str(value))
        text += self.properties
        with open(self._path("server.properties"), "w") as file:
            file.write(text)


def _checker():
    sys.path.insert(0, os.path.join(HERE, "..", "integration"))
    import contract  # here: its validator is not there for who only wants a broker
    return contract.check_record


def consume(bootstrap, topic, ours=True):
    """All records that are in the topic now, each a dict: partition, offset, key, headers (dict),
    payload (parsed JSON; None where there is none). If they are the daemon's (`ours`), each must be
    as conf/api says."""
    check = _checker() if ours else lambda record: None
    command = ["kcat", "-C", "-q", "-e", "-J", "-o", "beginning", "-b", bootstrap, "-t", topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as kcat:
        for line in kcat.stdout:
            record = json.loads(line)
            flat = record.get("headers") or []
            payload = record.get("payload")
            record = {"partition": record["partition"], "offset": record["offset"],
                      "key": record.get("key"), "headers": dict(zip(flat[::2], flat[1::2])),
                      "payload": None if payload is None else json.loads(payload)}
            check(record)
            yield record
    if kcat.returncode != 0:
        raise RuntimeError("kcat ended with %d" % kcat.returncode)


def sign(record, identity_key, kind="event"):
    """The record with the digest that the holder of that key gives it."""
    payload = record["payload"]
    headers = {name: value for name, value in record["headers"].items() if name != "signaald_digest"}
    parts = [kind.encode(), record["key"].encode(), None if payload is None else _value(payload)]
    for name, value in headers.items():
        if name.startswith(("ce_", "signaald_")) or name == "content-type":
            parts += [name.encode(), value.encode()]
    key = hashlib.blake2b(b"signaald kafka records", key=identity_key, digest_size=32).digest()
    all_of_it = b"".join(struct.pack("<I", 0xffffffff if part is None else len(part)) + (part or b"") for part in parts)
    return {**record, "headers": {**headers, "signaald_digest": _tag(key[:16], all_of_it).hex()}}


def _tag(key, text):
    """SipHash-2-4 of 128 bits, of Debian's libsodium."""
    tag = ctypes.create_string_buffer(16)
    ctypes.CDLL("libsodium.so.23").crypto_shorthash_siphashx24(tag, text, ctypes.c_ulonglong(len(text)), key)
    return tag.raw


def _value(payload):
    """As the daemon writes it."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def produce(bootstrap, topic, records):
    """Records as consume gives them, in this order."""
    import confluent_kafka  # here: it is not there for who only wants a broker
    told = []
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for record in records:
        payload = record["payload"]
        producer.produce(topic, None if payload is None else _value(payload), record["key"],
                         record["partition"], headers=record["headers"],
                         on_delivery=lambda error, _: told.append(error))
    producer.flush()
    if told != [None] * len(records):
        raise RuntimeError("not all records were written: %s" % told)


def _run(arguments):
    broker = Broker(arguments.dir, arguments.port)

    def finish(*_):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    try:
        broker.start()
        for topic in arguments.topic:
            name, partitions, policy = (topic + "::").split(":")[:3]
            broker.create_topic(name, int(partitions or 1), {"cleanup.policy": policy} if policy else None)
        print("ready " + broker.bootstrap, flush=True)
        return broker.process.wait()
    finally:
        broker.stop()


def main():
    parser = argparse.ArgumentParser(description="A Kafka broker on loopback.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fetch", help="only fill the cache")
    run = verbs.add_parser("run", help="run a broker until SIGTERM")
    run.add_argument("dir")
    run.add_argument("port", type=int)
    run.add_argument("--topic", action="append", default=[], metavar="NAME:PARTITIONS[:compact]")
    arguments = parser.parse_args()
    if arguments.verb == "fetch":
        print(fetch())
        return 0
    return _run(arguments)


if __name__ == "__main__":
    sys.exit(main())
