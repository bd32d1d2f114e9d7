# SPDX-License-Identifier: EUPL-1.2
"""Who runs in tests/bench/race: each writes its configuration, starts, dies, comes back, and says where signals go and which
are in what it wrote. A new one is a class, and a line in ALL. What cannot be had here says so and is left out."""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import bench

PROGRAMS = bench.CACHE / "race"
BUILD_S = 600


class NotHere(Exception):
    """It cannot run on this machine; the text says why."""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def go_build(name, *words, **options):
    """The program `name` in PROGRAMS, built by go if it is not there yet."""
    go = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin")
    if not go:
        raise NotHere("there is no go")
    environment = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false", "GOTOOLCHAIN": "local", "GOBIN": str(PROGRAMS)}
    try:
        done = subprocess.run(["nice", "-n", "15", go, *words], env=environment, capture_output=True, text=True, check=False,
                              timeout=BUILD_S, **options)
    except subprocess.TimeoutExpired as late:
        raise NotHere(f"{name} was not built within {BUILD_S} s") from late
    if done.returncode:
        raise NotHere(f"{name} could not be built: {(done.stderr.strip() or 'go does not say why').splitlines()[-1]}")


class Contender:
    """A process in a directory of its own. `topic` is None without Kafka: then it writes lines to the file `out`."""
    name, path = "", "/"
    reply = "in memory"  # where a signal is when its POST is answered
    settings = ""
    lines, batches = False, True

    def __init__(self, directory, kafka=None, batched=False):
        self.directory, self.kafka, self.batched = pathlib.Path(directory), kafka, batched
        self.port, self.process, self.topic = free_port(), None, None
        self.out = self.directory / "out"
        if kafka:
            self.topic = f"{self.name.replace(' ', '-')}-{self.port}-{time.monotonic_ns()}"
            kafka.create_topic(self.topic)

    @classmethod
    def prepare(cls):
        """Installs or builds what is missing; NotHere when that does not work."""

    @classmethod
    def version(cls):
        raise NotImplementedError

    def configuration(self):
        """The text of its configuration, and the words of the command, in which {} is the file's name."""
        raise NotImplementedError

    def start(self):
        text, words = self.configuration()
        file = self.directory / "configuration"
        file.write_text(text)
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([str(word).format(file) for word in words], cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        bench.await_true(self.answers, f"{self.name} listens")

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended: " + (self.directory / "log").read_text(errors="replace")[-2000:])
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
            return True
        except OSError:
            return False

    def end(self, signum):
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signum)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self):
        self.end(signal.SIGKILL)

    def close(self):
        self.end(signal.SIGTERM)
        if self.topic:
            self.kafka.delete_topic(self.topic)

    def cpu_s(self):
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def written(self):
        """How much is in the topic or the file: it grows until all is there."""
        if self.topic:
            return self.kafka.end(self.topic)
        return self.out.stat().st_size if self.out.exists() else 0

    def ids(self, _candidates):
        """Of all records in the topic, in their order, the supplier's ids."""
        done = subprocess.run(["kcat", "-C", "-q", "-e", "-o", "beginning", "-b", self.kafka.bootstrap, "-t", self.topic],
                              capture_output=True, check=True)
        return [found.decode() for found in re.findall(rb"zaak-\w{3}-2018-\d{7}", done.stdout)]


class Signaald(Contender):
    """The daemon as tests/bench/ab runs it."""
    name, path, reply = "signaald", "/v1/signals", "on the disk"
    settings = "as it ships; it also validates, normalises, makes pseudonyms, finds duplicates, counts"
    tree = bench.ROOT

    def __init__(self, directory, kafka=None, batched=False):
        self.directory, self.kafka, self.batched = pathlib.Path(directory), kafka, batched
        self.daemon = bench.Daemon(self, directory, kafka=kafka)
        self.port, self.topic = self.daemon.port, self.daemon.topics[0] if kafka else None

    def program(self, name):
        return bench.ROOT / "build/release" / name

    @classmethod
    def prepare(cls):
        bench.build(bench.ROOT, "signaald", "signaalctl", "bench_load")

    @classmethod
    def version(cls):
        return bench.command("git", "log", "-1", "--format=%h of %cs", cwd=bench.ROOT)

    def start(self):
        self.daemon.__enter__()

    @property
    def process(self):
        return self.daemon.process

    def end(self, signum):
        if self.process:
            self.process.send_signal(signum)
            self.process.wait()

    def close(self):
        self.end(signal.SIGTERM)
        for topic in self.daemon.topics:
            self.kafka.delete_topic(topic)

    def ids(self, candidates):
        """Events have the keyed digest of an id (normalise_identity), so those of the candidates are computed."""
        rows = (self.directory / "conf/sources.csv").read_text().splitlines()
        source, key = rows[1].split(",")[0].encode(), (self.directory / "state/identity.key").read_bytes()
        known = {}
        for one in candidates:
            state = hashlib.blake2b(b"identity\0", key=key, digest_size=16)
            for part in (source, one.encode()):
                state.update(struct.pack("<I", len(part)) + part)
            known[state.hexdigest()] = one
        done = subprocess.run(["kcat", "-C", "-q", "-e", "-o", "beginning", "-b", self.kafka.bootstrap, "-t", self.topic],
                              capture_output=True, check=True, text=True)
        return [known.get(found, found) for found in re.findall(r'"signal":"(\w+)"', done.stdout)]


class Bento(Contender):
    """A small main of ours with the components that are used."""
    name, path, reply = "Bento durable", "/post", "in Kafka"
    settings = "`http_server` to `kafka_franz`, acks of all, idempotent, 64 in flight; batches: `unarchive` as `json_array`; " \
               "it passes bytes on"
    release, buffer, idempotent, processors = "v1.20.0", "", "true", []
    program = PROGRAMS / f"bento-{release}"

    @classmethod
    def prepare(cls):
        if cls.program.exists():
            return
        tree = PROGRAMS / "bento"
        tree.mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(__file__).with_name("bento.go"), tree)
        (tree / "go.mod").write_text("module bento\n\ngo 1.25\n")
        go_build("Bento", "get", f"github.com/warpstreamlabs/bento@{cls.release}", cwd=tree)
        go_build("Bento", "build", "-p", "2", "-o", str(cls.program), ".", cwd=tree)

    @classmethod
    def version(cls):
        return f"Bento {cls.release}"

    def configuration(self):
        output = f"kafka_franz: {{seed_brokers: ['{self.kafka.bootstrap}'], topic: {self.topic}, max_in_flight: 64, " \
                 f"compression: lz4, idempotent_write: {self.idempotent}}}" if self.kafka else \
                 f"file: {{path: {self.out}, codec: lines}}"
        processors = [*(["unarchive: {format: json_array}"] if self.batched else []), *self.processors]
        return f"""
http: {{enabled: false}}
logger: {{level: ERROR}}
input: {{http_server: {{address: '127.0.0.1:{self.port}', path: /post, timeout: 60s}}}}
{self.buffer}
pipeline: {{processors: [{", ".join(f"{{{one}}}" for one in processors)}]}}
cache_resources: [{{label: known, memory: {{default_ttl: 24h, shards: 16}}}}]
output: {{{output}}}
""", [self.program, "-c", "{}"]


class BentoFast(Bento):
    name, reply, idempotent = "Bento fast", "in memory", "false"
    buffer = "buffer: {memory: {limit: 524288000, batch_policy: {enabled: true, count: 1000, period: 10ms}}}"
    settings = "as durable, with a buffer in memory that gives batches of 1,000, or of 10 ms; not idempotent"


class BentoWork(Bento):
    """With the part of signaald's work that it can be told to do in a few lines."""
    name = "Bento with work"
    settings = "as durable, and it parses, makes an HMAC of the id, and drops ids that it knows (`dedupe`, a cache in memory)"
    processors = ['mapping: \'root = this.assign({"signal": this.id.hash("hmac_sha256", "key").encode("hex"), ' \
                  '"month": this.reported.slice(0, 7)})\'', "dedupe: {cache: known, key: '${! json(\"signal\") }'}"]


class Telegraf(Contender):
    """Its own main, built with a few of its plugins."""
    name, release = "Telegraf", "v1.37.0"
    settings = "`http_listener_v2` to `outputs.kafka`, acks of all, idempotent; batches of 5,000, or of 100 ms; room for 5 " \
               "million; single: passed on as text, batches: parser `json`"
    program = PROGRAMS / f"telegraf-{release}"
    plugins = "inputs.http_listener_v2,outputs.kafka,outputs.file,parsers.value,parsers.json,serializers.template," \
              "serializers.json"

    @classmethod
    def prepare(cls):
        if cls.program.exists():
            return
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        go_build("Telegraf", "install", "-p", "2", "-tags", "custom," + cls.plugins,
                 f"github.com/influxdata/telegraf/cmd/telegraf@{cls.release}")
        os.rename(PROGRAMS / "telegraf", cls.program)

    @classmethod
    def version(cls):
        return f"Telegraf {cls.release}"

    def configuration(self):
        parser = 'data_format = "json"\njson_string_fields = ["*"]' if self.batched else \
            'data_format = "value"\ndata_type = "string"'
        serializer = 'data_format = "json"' if self.batched else \
            "data_format = \"template\"\ntemplate = '''{{ .Field \"value\" }}\n'''"
        output = f'kafka]]\nbrokers = ["{self.kafka.bootstrap}"]\ntopic = "{self.topic}"\nrequired_acks = -1\n' \
                 "idempotent_writes = true\nmax_retry = 30\ncompression_codec = 3" if self.kafka else \
                 f'file]]\nfiles = ["{self.out}"]'
        return f"""
[agent]
omit_hostname = true
flush_interval = "100ms"
metric_batch_size = 5000
metric_buffer_limit = 5000000
quiet = true
[[inputs.http_listener_v2]]
service_address = "tcp://127.0.0.1:{self.port}"
paths = ["/"]
{parser}
[[outputs.{output}
{serializer}
""", [self.program, "--config", "{}"]


class Rsyslog(Contender):
    """Debian's has no imhttp: signals come as lines over TCP, and nothing is acknowledged."""
    name, lines, batches, reply = "rsyslog", True, False, "none: lines over TCP"
    settings = "`imtcp` to `omkafka`, acks of all, idempotent; a queue of 5 million in memory; without Kafka `omfile`; " \
               "Debian's has no HTTP, so *acknowledged* means *sent*"

    @classmethod
    def prepare(cls):
        with contextlib.suppress(RuntimeError):
            bench.command(bench.ROOT / "conf/install", "race")
        if not shutil.which("rsyslogd", path=os.environ["PATH"] + ":/usr/sbin"):
            raise NotHere("there is no rsyslogd")

    @classmethod
    def version(cls):
        return "rsyslog " + bench.command("/usr/sbin/rsyslogd", "-v").split()[1]

    def configuration(self):
        queue = 'queue.type="linkedList" queue.size="5000000" queue.dequeueBatchSize="5000" queue.workerThreads="1"'
        properties = '"acks=all", "enable.idempotence=true", "compression.codec=lz4", "queue.buffering.max.messages=1000000"'
        action = f'type="omkafka" broker="{self.kafka.bootstrap}" topic="{self.topic}" template="line" ' \
                 f'confParam=[{properties}] failedMsgFile="{self.directory}/failed" resubmitOnFailure="on" ' \
                 'keepFailedMessages="on" action.resumeRetryCount="-1" action.resumeInterval="1"' if self.kafka else \
                 f'type="omfile" file="{self.out}" template="line"'
        return f"""
global(workDirectory="{self.directory}")
module(load="imtcp" maxSessions="600")
module(load="omkafka")
template(name="line" type="string" string="%rawmsg%{'' if self.kafka else chr(92) + 'n'}")
ruleset(name="signals") {{ action({action} {queue}) }}
input(type="imtcp" port="{self.port}" address="127.0.0.1" ruleset="signals")
""", ["/usr/sbin/rsyslogd", "-n", "-f", "{}", "-i", self.directory / "pid"]


class FluentBit(Contender):
    """Where somebody installed it."""
    name, path = "Fluent Bit", "/signals"
    settings = "`http` to `kafka`, acks of all, idempotent; buffered in memory"
    places = os.environ["PATH"] + ":/opt/fluent-bit/bin"

    @classmethod
    def prepare(cls):
        if not shutil.which("fluent-bit", path=cls.places):
            raise NotHere("there is no fluent-bit")

    @classmethod
    def version(cls):
        return bench.command(shutil.which("fluent-bit", path=cls.places), "--version").splitlines()[0]

    def configuration(self):
        output = f"Name kafka\n  Brokers {self.kafka.bootstrap}\n  Topics {self.topic}\n  Format json\n  rdkafka.acks all\n" \
                 "  rdkafka.enable.idempotence true\n  rdkafka.compression.codec lz4" if self.kafka else \
                 f"Name file\n  Path {self.directory}\n  File out\n  Format plain"
        return f"""
[SERVICE]
  Flush 0.1
  Log_Level error
[INPUT]
  Name http
  Listen 127.0.0.1
  Port {self.port}
[OUTPUT]
  Match *
  Retry_Limit no_limits
  {output}
""", [shutil.which("fluent-bit", path=self.places), "-c", "{}"]


ALL = [Signaald, Bento, BentoWork, BentoFast, Telegraf, Rsyslog, FluentBit]
