# SPDX-License-Identifier: EUPL-1.2
"""A real Chromium over its DevTools pipe: pages that stay open, and change. And a port that leads to a Unix socket, as ssh -L makes one."""
import base64
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from harness import PATIENCE_S, wait_for


class Forward:
    """127.0.0.1:port leads to the Unix socket at `path`, also when that is made anew."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self.path)
            back = threading.Thread(target=self.carry, args=(server, client), daemon=True)
            back.start()
            self.carry(client, server)
            back.join()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Chromium:
    def __init__(self, *more):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        to_child, self.out = os.pipe()
        self.into, from_child = os.pipe()
        low = to_child, from_child  # not in the way of 3 and 4, which Chromium uses
        to_child, from_child = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in low)
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{to_child} 4>&{from_child}', "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                   "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", *more,
                   "about:blank"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, pass_fds=(to_child, from_child),
                                        env={**os.environ, "HOME": self.profile, "ASAN_OPTIONS": ""})
        for fd in (*low, to_child, from_child):
            os.close(fd)
        self.number, self.answers, self.faults, self.arrived = 0, {}, [], threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        left = b""
        with contextlib.suppress(OSError):
            while data := os.read(self.into, 1 << 20):
                *messages, left = (left + data).split(b"\0")
                for message in map(json.loads, messages):
                    self.take(message)

    def take(self, message):
        with self.arrived:
            if "id" in message:
                self.answers[message["id"]] = message
            elif message["method"] == "Runtime.exceptionThrown":
                self.faults.append(message["params"]["exceptionDetails"]["exception"].get("description"))
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.faults.append(message["params"]["entry"]["text"])
            self.arrived.notify_all()

    def call(self, method, session=None, **params):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self.out, json.dumps(message).encode() + b"\0")
        with self.arrived:
            assert self.arrived.wait_for(lambda: number in self.answers, PATIENCE_S), f"no answer to {method}"
            answer = self.answers.pop(number)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def open(self, url, width=1280, dark=False):
        return Tab(self, url, width, dark)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it has many children
        self.process.wait(PATIENCE_S)
        os.close(self.out)
        shutil.rmtree(self.profile, ignore_errors=True)


class Tab:
    def __init__(self, browser, url, width, dark):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=url)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, script):
        """The value of an expression, or of its promise."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script, what):
        return wait_for(lambda: self.run(script), what)

    def text(self):
        return self.run("document.body ? document.body.innerText : ''").replace("\u202f", " ").replace("\xa0", " ")

    def wait_text(self, text):
        wait_for(lambda: text in self.text(), f"the page says {text!r}")

    def picture(self, path):
        """Of the whole page."""
        height = self.run("document.documentElement.scrollHeight")
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": self.run("innerWidth"), "height": height, "scale": 1})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
