# SPDX-License-Identifier: EUPL-1.2
"""Reads a page that signaalctl report has made, as the file and as a Chromium draws it."""
import contextlib
import fcntl
import html.parser
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

VOID = {"meta", "link", "br", "img", "input", "hr"}
SILENT = {"script", "style", "title", "noscript"}
INLINE = {"strong", "em", "b"}


class Page(html.parser.HTMLParser):
    """Reads a page and notes what is wrong with its build."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.faults, self.open, self.tags, self.text, self.ids, self.levels = [], [], [], [], [], []
        self.data = None  # the document in it
        self.tables = {}  # caption -> rows of texts
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"left open: {self.open}")
        for reference in [r for _, a in self.tags for r in a.get("aria-labelledby", "").split()]:
            if self.ids.count(reference) != 1:
                self.faults.append(f"{reference} is there {self.ids.count(reference)} times")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if re.fullmatch("h[1-6]", tag):
            level = int(tag[1])
            if level > (self.levels[-1] if self.levels else 0) + 1:
                self.faults.append(f"{tag} after {self.levels[-1:]}")
            self.levels.append(level)
        if tag == "th" and attributes.get("scope") not in ("row", "col"):
            self.faults.append("th without scope")
        if tag == "svg" and attributes.get("aria-hidden") != "true" and attributes.get("role") != "img":
            self.faults.append("svg that is neither told nor hidden")
        if tag == "table":
            self.caption, self.rows = "", []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        if "svg" not in self.open:
            self.faults.append(f"<{tag}/>")
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")
        if tag not in INLINE:
            self.text.append(" ")
        if tag == "table":
            if not self.caption:
                self.faults.append("a table without caption")
            self.tables.setdefault(self.caption, self.rows)

    def handle_data(self, data):
        if self.open and self.open[-1] == "script" and self.tags[-1][1].get("type") == "application/json":
            self.data = json.loads(data)
        if self.open and self.open[-1] in SILENT and "svg" not in self.open:
            return
        self.text.append(data)
        if "caption" in self.open:
            self.caption += data
        elif ("td" in self.open or "th" in self.open) and "svg" not in self.open:
            self.rows[-1][-1] += data

    def plain(self):
        return re.sub(r"\s+", " ", "".join(self.text).replace("\u202f", " "))

    def row(self, caption, label):
        return next([cell.replace("\u202f", " ") for cell in row] for row in self.tables[caption] if row[0] == label)


class Renderer:
    """One headless Chromium that draws page after page; asked over its pipe, with a NUL behind each message."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="renderer-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{high[0]} 4>&{high[1]}', "chromium", "--headless", "--no-sandbox",
                   "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                   "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe",
                   f"--user-data-dir={self.folder}"]
        self.process = subprocess.Popen(command, pass_fds=high, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True,
                                        env={**os.environ, "HOME": self.folder, "ASAN_OPTIONS": ""})
        for end in (*high, theirs_in, theirs_out):
            os.close(end)
        self.ours_out, self.ours_in, self.left = ours_out, ours_in, b""
        self.number, self.session, self.faults, self.loaded = 0, {}, [], False
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it has many children
        self.process.wait()
        os.close(self.ours_in)
        os.close(self.ours_out)
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self):
        while b"\0" not in self.left:
            if not (more := os.read(self.ours_in, 1 << 20)):
                raise EOFError("Chromium has gone")
            self.left += more
        message, self.left = self.left.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.faults.append(json.dumps(message["params"]))
        self.loaded = self.loaded or message.get("method") == "Page.loadEventFired"
        return message

    def ask(self, method, **params):
        self.number += 1
        os.write(self.ours_out, json.dumps({"id": self.number, "method": method, "params": params,
                                            **self.session}).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def render(self, path):
        """The page as it is drawn, and what the browser complains of."""
        self.faults, self.loaded = [], False
        self.ask("Page.navigate", url=pathlib.Path(path).as_uri())
        while not self.loaded:
            self.receive()
        drawn = self.ask("Runtime.evaluate", expression="document.documentElement.outerHTML")["result"]["value"]
        return drawn, self.faults
