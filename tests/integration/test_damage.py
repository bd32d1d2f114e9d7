# SPDX-License-Identifier: EUPL-1.2
"""A ledger that is gone, cut or damaged: what an operator sees, by every way in, and what helps."""
import contextlib
import http.client
import os
import random
import shutil
import subprocess
import unittest

import harness

DAMAGED = 3
PAGE = 4096
ADVICE = 'see "A damaged ledger" in the guide for operators'
TIMEOUT_S = 120


class Damage(unittest.TestCase):
    def setUp(self):
        self.daemon = harness.Daemon(harness.Case.SOURCES)
        self.addCleanup(self.daemon.close)
        self.daemon.start()
        batch = [{"id": f"2017-{n}", "reported": f"2017-0{1 + n % 9}-05", "category": f"woord {n}"} for n in range(300)]
        self.assertEqual(self.daemon.post("coa", batch).status, 200)
        self.daemon.stop()
        self.file = self.daemon.state / "data.mdb"
        self.bytes = self.file.read_bytes()

    def run_signaald(self, *words):
        """The exit status, and what it says; ends by itself or is started too."""
        log = self.daemon.directory / "tried"
        command = [str(harness.BUILD / "signaald"), "-c", str(self.daemon.config_path), *words]
        with open(log, "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            harness.wait_for(lambda: process.poll() is not None or b"started version" in log.read_bytes(), "it starts or ends")
            process.terminate()
            status = process.wait(TIMEOUT_S)
        finally:
            process.kill()
            process.wait()
        return status, log.read_text()

    def assert_refused(self, said, verify_said=None):
        before = {path.name for path in self.daemon.state.iterdir()}
        for words, expected in (((), said), (("--verify",), verify_said or said)):
            status, text = self.run_signaald(*words)
            self.assertEqual(status, DAMAGED, f"{words}: {text}")
            self.assertIn(expected, text)
            self.assertIn(ADVICE, text)
        self.assertEqual(self.run_signaald("--rebuild")[0], 2)
        self.assertLessEqual({path.name for path in self.daemon.state.iterdir()} - {"lock", "lock.mdb"}, before)

    def test_cut_while_it_runs(self):
        """As a disk that cannot give a page: the daemon says so and ends, and does not start on what is left."""
        self.daemon.start()
        os.truncate(self.file, 2 * PAGE)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.daemon.control("GET", "/v1/events?from=1")
        self.assertEqual(self.daemon.process.wait(TIMEOUT_S), 1)
        self.daemon.process = None
        self.assertIn("<2>[S013] a page of the ledger's file cannot be read (SIGBUS)", self.daemon.log())
        self.assertEqual(self.run_signaald()[0], DAMAGED)

    def test_no_bytes(self):
        self.file.write_bytes(b"")
        self.assert_refused("the file ends before its first page")

    def test_gone_beside_its_keys(self):
        self.file.unlink()
        for name in ("lock", "lock.mdb", "person.key", "identity.key"):
            status, text = self.run_signaald()
            self.assertEqual(status, DAMAGED, text)
            self.assertRegex(text, r"the ledger in \S+ is gone")
            self.assertIn(ADVICE, text)
            self.assertEqual(self.run_signaald("--init")[0], 2)
            status, verified = self.run_signaald("--verify")
            self.assertEqual(status, DAMAGED, verified)
            self.assertRegex(verified, r"the ledger in \S+ is gone")
            self.assertIn(ADVICE, verified)
            self.assertFalse(self.file.exists())
            (self.daemon.state / name).unlink(missing_ok=True)

    def test_no_file_but_something_else(self):
        """A link to a disk that is not mounted, or what is no file: nothing is made there."""
        away = self.daemon.directory / "away.mdb"
        for make, said in ((lambda: self.file.symlink_to(away), "is a link to a file that is not there"),
                           (self.file.mkdir, "data.mdb is no file"), (lambda: os.mkfifo(self.file), "data.mdb is no file")):
            if self.file.is_dir():
                self.file.rmdir()
            else:
                self.file.unlink()
            make()
            self.assert_refused(said)
            self.assertFalse(away.exists())
        self.file.unlink()
        away.write_bytes(self.bytes)
        self.file.symlink_to(away)
        self.assertEqual(self.daemon.verify_files().returncode, 0)

    def test_first_start(self):
        """Empty: only the operator knows whether the machine is new or a disk is not mounted."""
        shutil.rmtree(self.daemon.state)
        self.assertEqual(self.run_signaald()[0], 2)
        self.daemon.state.mkdir()
        status, text = self.run_signaald()
        self.assertEqual(status, 2)
        self.assertIn("run signaald --init", text)
        self.assertEqual(list(self.daemon.state.iterdir()), [])
        shutil.rmtree(self.daemon.state)
        status, text = self.run_signaald("--init")
        self.assertEqual(status, 0, text)
        status, text = self.run_signaald("--init")
        self.assertEqual(status, 2)
        self.assertIn("is not empty", text)
        self.assertEqual(self.run_signaald()[0], 0)
        self.assertEqual(self.daemon.verify_files().returncode, 0)

    def test_cut_in_half(self):
        used = self.bytes.rstrip(b"\0")  # behind it are pages for later
        self.file.write_bytes(used[: len(used) // 2])
        self.assert_refused("is damaged: ")

    def test_a_page_of_nothing(self):
        for page in (0, 1):
            self.file.write_bytes(self.bytes[: page * PAGE] + bytes(PAGE) + self.bytes[(page + 1) * PAGE:])
            self.assert_refused(f"page {page} does not say what the file is")

    def test_a_bit_of_a_line(self):
        damaged = self.bytes.replace(b"2017-123", b"2017-923")
        self.assertNotEqual(damaged, self.bytes)
        self.file.write_bytes(damaged)
        self.assert_refused("ledger: its entries are not those that were written", "NOT WHOLE")

    def test_at_random(self):
        """Whatever it is: refused by both, or whole to both."""
        seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print("seed", seed)
        for turn in (*range(10), seed):
            rng = random.Random(turn)
            data = bytearray(self.bytes)
            for _ in range(rng.randint(1, 3)):
                page = rng.randrange(len(data) // PAGE) * PAGE
                rng.choice((lambda at: data.__setitem__(slice(at, at + PAGE), rng.randbytes(PAGE)),
                            lambda at: data.__setitem__(slice(at, at + 64), rng.randbytes(64)),
                            lambda at: data.__setitem__(slice(at, None), b"")))(page)
                data += self.bytes[:PAGE] if len(data) < PAGE else b""
            self.file.write_bytes(data)
            with self.subTest(seed=turn):
                verified, text = self.run_signaald("--verify")
                self.assertIn(verified, (0, DAMAGED), text)
                status, text = self.run_signaald()
                self.assertEqual(status, verified, text)

    def test_put_back_it_goes_on(self):
        self.file.write_bytes(self.bytes[:PAGE])
        self.assert_refused("is damaged: ")
        self.file.write_bytes(self.bytes)
        self.daemon.start()
        self.assertEqual(self.daemon.counts()["total"], 300)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
