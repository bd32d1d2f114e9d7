# SPDX-License-Identifier: EUPL-1.2
"""Disks that fail or are full: never a 2xx for what is not on them, nothing lost, nothing twice, and it recovers."""
import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import time
import unittest

from faults import ENVIRONMENT, Inject, can_trace
from harness import SIGNAL, Fresh, tally, wait_for

MIB = 1 << 20


class Base(Fresh):
    source = "coa"

    def setUp(self):
        super().setUp()
        self.sent = {}  # id -> status of the answer
        self.number = 0

    def start(self):
        self.daemon.start(env=ENVIRONMENT)

    def post(self, count=1):
        """Signals never sent before, in one request. Anything but 2xx, 429 and 503 is a failure; both of these say
        when to come back. None: no answer."""
        ids = [f"s{self.number + n}" for n in range(count)]
        self.number += count
        try:
            answer = self.daemon.post(self.source, [{"id": i, **SIGNAL} for i in ids])
        except OSError:
            answer = None
        status = answer.status if answer else None
        self.sent.update((i, status) for i in ids)
        if status in (429, 503):
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        elif answer:
            self.assertEqual(status, 200, answer.body)
            self.assertEqual({r["verdict"] for r in answer.json["results"]}, {"registered"})
        return status

    def assert_kept(self):
        """What was acknowledged is there once; what was refused is not; without an answer either is fine."""
        events = self.daemon.events()
        status = self.daemon.status()
        seen = len({e["id"] for e in events})
        accepted = [i for i, s in self.sent.items() if s == 200]
        unsure = [i for i, s in self.sent.items() if s is None]
        self.assertEqual(seen, len(events))
        self.assertGreaterEqual(seen, len(accepted))
        self.assertLessEqual(seen, len(accepted) + len(unsure))
        self.assertEqual(sum(tally(events).values()), seen)
        self.assertEqual((status["ledger"]["signals"], self.daemon.counts()["total"]), (seen, seen))
        outcome = self.daemon.verify()[-1]
        self.assertTrue(outcome["whole"], outcome)
        answers = self.daemon.control_each([f"/v1/signals/{self.source}/{name}" for name in self.sent])
        for (name, status), answer in zip(self.sent.items(), answers):
            if status is not None:
                self.assertEqual(answer.status, 200 if status == 200 else 404, (name, status))

    def assert_reads_refused(self):
        """An exact read is logged, and that needs the disk. Status goes on, and says what was kept."""
        for path in ("/v1/counts", "/v1/events", f"/v1/signals/{self.source}/s0", "/v1/quarantine"):
            answer = self.daemon.control("GET", path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (503, "application/problem+json"), path)
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
        answer = self.daemon.control("POST", f"/v1/feeds/{self.source}/pause")
        self.assertEqual(answer.status, 503)
        self.assert_counted()

    def assert_counted(self):
        """What the status says, which is not logged: there may be no room for a line of the audit log."""
        accepted = sum(s == 200 for s in self.sent.values())
        unsure = sum(s is None for s in self.sent.values())
        self.assertIn(self.daemon.status()["ledger"]["signals"], range(accepted, accepted + unsure + 1))

    def assert_kept_over_restart(self):
        self.assert_kept()
        self.daemon.kill()
        self.start()
        self.assert_kept()
        self.assertEqual(self.post(), 200)
        self.assert_kept()


@unittest.skipUnless(can_trace(), "needs strace")
class InputOutput(Base):
    def test_sync_fails_and_works_again(self):
        self.start()
        self.assertEqual(self.post(5), 200)
        errors = ("EIO", "ENOSPC", "EDQUOT", "EROFS")
        for error in errors:
            with Inject(self.daemon.process, f"fdatasync:error={error}"):
                for count in (1, 20, 1):
                    self.assertEqual(self.post(count), 503)
                failed = self.daemon.metrics()["signaald_commits_failed_total"]
                self.assertGreaterEqual(failed, 3)
                self.assert_reads_refused()
            self.assertEqual(self.post(7), 200)
            self.assert_kept()
        log = self.daemon.log()
        self.assertEqual((log.count("commits fail"), log.count("commits work again")), (len(errors), len(errors)))
        self.assert_kept_over_restart()

    def test_writes_fail_and_work_again(self):
        """A quota, or a disk that was mounted anew for reading only, refuses the bytes themselves."""
        self.start()
        self.assertEqual(self.post(5), 200)
        for error, said in (("EDQUOT", "quota"), ("EROFS", "Read-only"), ("ENOSPC", "No space")):
            with Inject(self.daemon.process, f"writev,pwrite64:error={error}"):
                for count in (1, 20):
                    self.assertEqual(self.post(count), 503)
                self.assertEqual(self.daemon.request("GET", "/v1/health").status, 503)
            self.assertRegex(self.daemon.log(), rf"<3>\[S020\] commits fail.*{said}")
            self.assertEqual(self.post(7), 200)
            self.assertEqual(self.daemon.request("GET", "/v1/health").status, 200)
            self.assert_kept()
        self.assert_kept_over_restart()

    def test_no_descriptor_for_a_connection(self):
        """Whoever connects waits, nothing spins, and it goes on when there are some again."""
        self.start()
        self.assertEqual(self.post(2), 200)
        process = self.daemon.process.pid
        used = len(os.listdir(f"/proc/{process}/fd"))
        before = resource.prlimit(process, resource.RLIMIT_NOFILE)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 2, before[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(socket.create_connection(("127.0.0.1", self.daemon.port)))
            spent, begun = self.spent(), time.monotonic()
            time.sleep(2)
            self.assertLess(self.spent() - spent, (time.monotonic() - begun) / 2)
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)
        self.assertEqual(self.post(3), 200)
        self.assert_kept_over_restart()

    def spent(self):
        """Seconds of processor time."""
        fields = pathlib.Path(f"/proc/{self.daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_each_write_fails_once(self):
        """The n-th write of a commit fails, for each n: data pages, then the meta page, after which the books must be
        read anew. The daemon then ends with 1 and its manager starts it again."""
        self.start()
        self.assertEqual(self.post(5), 200)
        ended = {"writev": 0, "pwrite64": 0}
        failed = dict(ended)
        # How many writes of which kind a commit has depends on where its pages lie: the n-th of one is the meta page.
        for turn in range(240):
            call, n = ("writev", "pwrite64")[turn % 2], turn // 2 % 4 + 1
            with Inject(self.daemon.process, f"{call}:error=EIO:when={n}"):
                status = self.post(2)
            if status == 200:
                continue  # this commit has fewer of these writes
            self.assertEqual(status, 503)
            failed[call] += 1
            if self.post() != 200:
                self.assertEqual(self.daemon.process.wait(60), 1)
                ended[call] += 1
                self.start()
            self.assert_kept()
            if failed["writev"] > 1 and ended["pwrite64"] > 1 and failed["pwrite64"] > ended["pwrite64"]:
                break
        self.assertGreater(failed["writev"], 1)
        self.assertEqual(ended["writev"], 0)
        self.assertGreater(ended["pwrite64"], 1)
        self.assertGreater(failed["pwrite64"], ended["pwrite64"])
        self.assert_kept_over_restart()

    def test_reading_goes_on_while_writing_fails(self):
        self.start()
        self.assertEqual(self.post(3), 200)
        with Inject(self.daemon.process, "fdatasync:error=EIO"):
            self.assertEqual(self.post(), 503)
            known = self.daemon.post(self.source, {"id": "s0", **SIGNAL})
            self.assertEqual((known.status, known.json["verdict"]), (200, "duplicate"))
            self.assertEqual(self.daemon.request("GET", "/v1/health").status, 503)
        self.assertEqual(self.post(), 200)
        self.assertEqual(self.daemon.request("GET", "/v1/health").status, 200)


class Full(Base):
    def fill(self, at_most):
        """Batches until one is refused."""
        for _ in range(at_most):
            if self.post(100) != 200:
                return
        self.fail("it never got full")

    def test_file_at_its_limit(self):
        """RLIMIT_FSIZE stands for a full disk: a file cannot grow, until it can."""
        self.start()
        self.assertEqual(self.post(10), 200)
        pid = self.daemon.process.pid
        old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # A write that begins at the limit fails, and brings a signal; one that crosses it is cut short.
        for room in (0, 6000, 262144):
            size = (self.daemon.state / "data.mdb").stat().st_size
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + room, old[1]))
            self.fill(100)
            self.assertEqual(self.post(100), 503)
            self.assert_counted()
            self.assertNotIn("Input/output error", self.daemon.log())
            self.assertIn("File too large", self.daemon.log())
            resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
            self.assertEqual(self.post(100), 200)
            self.assert_kept()
        self.assert_kept_over_restart()


class SmallState(Full):
    EXTRA = {"state": ["size_max: 1MiB"], "intake": ["backlog_max: 1MiB"]}
    test_file_at_its_limit = None

    def test_state_at_its_limit(self):
        self.start()
        self.fill(100)
        for count in (100, 100, 1000):
            self.assertIn(self.post(count), (429, 503))
        wait_for(lambda: self.post() == 429, "senders are held off")
        self.assertIn("is full", self.daemon.log())
        self.assertEqual(self.daemon.request("GET", "/v1/health").status, 503)
        self.assertTrue(self.daemon.status()["intake"]["full"])
        self.assertLessEqual((self.daemon.state / "data.mdb").stat().st_size, MIB)
        self.assert_counted()
        self.daemon.stop()
        self.start()
        self.assert_counted()
        self.daemon.stop()
        self.daemon.extra = {"state": ["size_max: 64MiB"], "intake": ["backlog_max: 64MiB"]}
        self.daemon.write_config()
        self.start()
        self.assertEqual(self.post(), 200)
        self.assert_kept_over_restart()


class SmallBacklog(Full):
    EXTRA = {"intake": ["backlog_max: 256KiB"]}
    test_file_at_its_limit = None

    def test_backlog_at_its_limit(self):
        self.start()

        def full():
            return self.post(100) == 429
        wait_for(full, "senders are held off")
        self.assert_kept_after_hold()

    def assert_kept_after_hold(self):
        self.assert_kept()
        self.daemon.kill()
        self.start()
        self.assert_kept()


def can_mount():
    with tempfile.TemporaryDirectory() as directory:
        if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory],
                                          capture_output=True).returncode:
            return False
        subprocess.run(["umount", directory], check=True)
        return True


@unittest.skipUnless(can_mount(), "needs a file system of its own")
class FullDisk(Full):
    EXTRA = {"state": ["disk_percent_max: 90"]}
    test_file_at_its_limit = None

    def setUp(self):
        super().setUp()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", str(self.daemon.state)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.daemon.state)], check=True)
        self.filler = self.daemon.state / "filler"

    def fill_disk(self):
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass

    def test_full_disk(self):
        self.start()
        self.assertEqual(self.post(100), 200)
        for _ in range(2):
            self.fill_disk()
            self.fill(100)
            self.assertIn(self.post(100), (429, 503))
            wait_for(lambda: self.post() == 429, "senders are held off")
            self.assert_counted()
            self.filler.unlink()
            wait_for(lambda: self.post() == 200, "there is room again")
            self.assert_kept()
        self.fill_disk()
        self.daemon.kill()
        self.start()  # also on a full disk, to show and publish what there is
        self.assert_counted()
        self.filler.unlink()
        wait_for(lambda: self.post() == 200, "there is room again")
        self.assert_kept_over_restart()

    def test_a_commit_that_finds_no_room_says_so(self):
        """LMDB calls a write that was cut short an input/output error, whatever cut it."""
        self.daemon.extra = {"state": ["disk_percent_max: 100"]}
        self.daemon.write_config()
        self.start()
        self.fill_disk()
        self.fill(100)
        wait_for(lambda: 'commits fail, senders get 503 reason="state: No space left on device"' in self.daemon.log(),
                 "it says why")
        self.assertNotIn("Input/output error", self.daemon.log())
        self.filler.unlink()
        wait_for(lambda: self.post() == 200, "there is room again")
        self.assertTrue(self.daemon.log().rstrip().endswith("commits work again"), self.daemon.log())


if __name__ == "__main__":
    unittest.main()
