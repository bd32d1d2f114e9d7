# SPDX-License-Identifier: EUPL-1.2
"""System calls of a daemon that fail or are slow for a while."""
import pathlib
import shutil
import signal
import subprocess

from harness import wait_for

# strace(1) would make a leak check at exit impossible.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0"}


def can_trace():
    command = ["strace", "-o", "/dev/null", "true"]
    return bool(shutil.which("strace")) and subprocess.run(command, capture_output=True).returncode == 0


class Inject:
    """While it lasts, a system call of the daemon fails, or takes longer: strace(1) comes and goes, the daemon stays."""

    def __init__(self, process, what):
        self.process = process
        self.what = what

    def tracers(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        found = set()
        for status in tasks.glob("*/status"):
            try:
                found.add(int(status.read_text().split("TracerPid:")[1].split()[0]))
            except OSError:
                pass  # a thread that has just ended
        return found

    def __enter__(self):
        self.strace = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(self.process.pid),
                                        "-e", "trace=" + self.what.split(":")[0], "-e", "inject=" + self.what],
                                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        wait_for(lambda: self.strace.poll() is not None or self.tracers() == {self.strace.pid}, "strace has attached")
        assert self.strace.poll() is None, self.strace.stderr.read()
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(60)
        self.strace.stderr.close()


def slow_commits(process, seconds):
    """Each commit takes so long at least: what is made of several can be met in its middle, however fast the machine."""
    return Inject(process, f"fdatasync:delay_enter={int(seconds * 1000000)}")
