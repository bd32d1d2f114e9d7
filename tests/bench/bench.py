# SPDX-License-Identifier: EUPL-1.2
"""What the benchmarks share: builds, and a daemon in a directory of its own."""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "signaald-bench"
TOKEN = "token-of-the-benchmark"
PATIENCE_S = 120


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=1800, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout.strip()


def await_true(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.005)


def build(tree, *targets):
    command("cmake", "--preset", "release", cwd=tree)
    command("cmake", "--build", "--preset", "release", "--target", *targets, cwd=tree)


class Daemon:
    """In a directory that may have a ledger. What its tree ships as configuration is taken as it is, but for values that
    only this machine knows: they are found by what they are, not by the names of their keys."""

    def __init__(self, side, directory, wrapper=(), kafka=None, tls=False):
        self.side, self.directory, self.wrapper, self.topics = side, pathlib.Path(directory), wrapper, []
        self.process, self.tls = None, tls
        self.socket = str(self.directory / "control.sock")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.configure(kafka)

    def __enter__(self):
        program = self.side.program("signaald")
        config = self.directory / "conf/signaald.yaml"
        if not any((self.directory / "state").iterdir()) and "--init" in command(program, "--help"):
            command(program, "-c", config, "--init")
        began = time.monotonic()
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([*self.wrapper, program, "-c", config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            await_true(self.answers, "the daemon answers")
        except BaseException:
            self.__exit__()
            raise
        self.start_s, self.start_cpu_s = time.monotonic() - began, self.cpu_s()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def configure(self, kafka):
        conf = self.directory / "conf"
        shutil.copytree(self.side.tree / "conf", conf, dirs_exist_ok=True)
        (self.directory / "state").mkdir(exist_ok=True)
        text = (conf / "signaald.yaml").read_text()
        for value, ours in (("/var/lib/signaald", f"{self.directory}/state"), ("/run/signaald", str(self.directory)),
                            ("127.0.0.1:8080", f"127.0.0.1:{self.port}")):
            text = text.replace(value, ours)
        text = re.sub(r"^( *disk_percent\w*): *\d+", r"\1: 100", text, flags=re.M)
        if self.tls:
            pair = self.directory / "tls.pem", self.directory / "tls.key"
            command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-out", pair[0], "-keyout", pair[1])
            for path in pair:
                text = re.sub(rf'^( *)#(\w+:) *"[^"]*/{path.name}"', rf'\1\2 "{path}"', text, flags=re.M)
        if kafka:
            text = re.sub(r'^( *)#(\w+:) *"?kafka1\..*', rf'\1\2 "{kafka.bootstrap}"', text, flags=re.M)
            suffix = f"-{self.port}-{time.monotonic_ns()}"
            text = re.sub(r"^( *\w*topic\w*: *)([\w-]+)", rf"\1\2{suffix}", text, flags=re.M)
            self.topics = re.findall(r"^ *\w*topic\w*: *([\w-]+)", text, flags=re.M)
            for topic in self.topics:
                kafka.create_topic(topic, 1, None if topic == self.topics[0] else {"cleanup.policy": "compact"})
        (conf / "signaald.yaml").write_text(text)
        (conf / "signaald.yaml").chmod(0o600)
        rows = [row for row in (conf / "sources.csv").read_text().splitlines() if row[:1] != "#"]
        source = next(row for row in rows if re.search(r"\b[0-9a-f]{64}\b", row))
        ours = re.sub(r"\b[0-9a-f]{64}\b", hashlib.sha256(TOKEN.encode()).hexdigest(), source)
        (conf / "sources.csv").write_text(f"{rows[0]}\n{ours}\n")

    def answers(self):
        if self.process.poll() is not None:
            log = (self.directory / "log").read_text(errors="replace")
            raise RuntimeError(f"signaald ended with {self.process.returncode}: {log[-2000:]}")
        with contextlib.suppress(OSError):
            return self.ask("/v1/status")
        return False

    def ask(self, path):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE_S)
            sock.connect(self.socket)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"GET {path}: {answer[:1000]}")
        return answer.partition(b"\r\n\r\n")[2].decode()

    def cpu_s(self):
        """User and system time of the process with all its threads: its CPU clock, as clock_getcpuclockid(3) makes it."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def load(self, connections, batch, signals):
        """Seconds until all was acknowledged."""
        run = "".join(chr(ord("a") + byte % 26) for byte in os.urandom(8))
        told = command(ROOT / "build/release/tests/bench_load", *(["-s"] if self.tls else []), self.port, TOKEN, run, connections, batch,
                       signals, PATIENCE_S)
        return float(told.split()[0])
