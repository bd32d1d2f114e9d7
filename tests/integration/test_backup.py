# SPDX-License-Identifier: EUPL-1.2
"""A backup of a running daemon, and its way back: whole and as of one moment, or refused with nothing changed."""
import os
import pathlib
import random
import shutil
import subprocess
import threading
import unittest

import harness

MANIFEST_BYTES = 4096
REFUSED, FAILED = 2, 1
SIGNALS = 400


def batch(first, last, **rest):
    return [{"id": f"b-{number}", **harness.SIGNAL, **rest} for number in range(first, last)]


class Backup(harness.Fresh):
    def setUp(self):
        super().setUp()
        self.daemon.start()
        self.place = self.daemon.directory / "backup"

    def post(self, *numbers, **rest):
        answer = self.daemon.post("coa", batch(*numbers, **rest))
        self.assertEqual(answer.status, 200, answer.body)

    def backup(self, to, *words, expect=0, **how):
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "backup", str(to), *words],
                              capture_output=True, timeout=harness.PATIENCE_S, **how)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def stream(self):
        return self.backup("-").stdout

    def command(self, *words):
        return [str(harness.BUILD / "signaald"), "-c", str(self.daemon.config_path), "--restore", *map(str, words)]

    def restore(self, *words, expect=0, **how):
        done = subprocess.run(self.command(*words), capture_output=True, timeout=harness.PATIENCE_S, **how)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr.decode()

    def manifest(self):
        lines = (self.place / "manifest").read_text().strip().splitlines()
        return dict(line.split(": ", 1) for line in lines)

    def state(self):
        """What is in the state directory, but for the locks, which say nothing."""
        return {path.name: path.is_file() and path.read_bytes() for path in self.daemon.state.iterdir()
                if path.name not in ("lock", "lock.mdb")}

    def lose_ledger(self):
        for name in ("data.mdb", "lock.mdb"):
            (self.daemon.state / name).unlink()


class RoundTrip(Backup):
    def test_there_and_back(self):
        self.post(0, SIGNALS, person={"name": "Jan Jansen", "birthDate": "1990-01-01"})
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/coa/b-7").status, 200)
        counts = harness.counts_by(self.daemon, "municipality", "month", "status")
        events = self.daemon.events()
        said = self.backup(self.place, umask=0).stdout.decode()
        self.post(SIGNALS, SIGNALS + 10)
        audit = self.daemon.control("GET", "/v1/audit?last=2").body.decode()
        self.assertIn('"action":"backup"', audit)
        self.assertIn(f"lines={SIGNALS + 1} sequence={SIGNALS + 1}", audit)
        self.daemon.stop()
        self.assertEqual({path.name: path.stat().st_mode & 0o777 for path in self.place.iterdir()},
                         {"manifest": 0o600, "data.mdb": 0o600})
        manifest = self.manifest()
        self.assertEqual((manifest["lines"], manifest["last sequence"]), (str(SIGNALS + 1),) * 2)
        self.assertIn(f"{SIGNALS + 1} lines up to sequence {SIGNALS + 1}", said)
        for key in ("identity key", "person key"):
            self.assertIn(f"{key} {manifest[key]}", said)
        digest = subprocess.run(["sha256sum", self.place / "data.mdb"], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual(digest, manifest["sha256"])
        self.lose_ledger()
        self.restore(self.place)
        self.assertEqual((self.daemon.state / "data.mdb").stat().st_mode & 0o777, 0o600)
        self.assertFalse((self.daemon.state / "rebuilding").exists())
        self.daemon.start()
        self.assertEqual(self.daemon.events(), events)
        self.assertEqual(harness.counts_by(self.daemon, "municipality", "month", "status"), counts)
        self.assertEqual(self.daemon.post("coa", batch(0, 1, person={"name": "Jan Jansen", "birthDate": "1990-01-01"})[0]).status, 200)
        self.assert_whole()

    def test_keys_are_not_in_it(self):
        self.post(0, 20)
        data = self.stream()
        for name in ("identity.key", "person.key"):
            key = (self.daemon.state / name).read_bytes()
            self.assertNotIn(key, data)
            self.assertNotIn(key.hex().encode(), data)

    def test_verify_of_a_backup(self):
        """As the guide says: state.directory is the backup's."""
        self.post(0, 20)
        self.backup(self.place)
        self.daemon.stop()
        self.daemon.extra = {"state": [f"directory: {self.place}"]}
        self.daemon.write_config()
        done = self.daemon.verify_files()
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_as_of_one_moment(self):
        """While signals come in without a pause."""
        ended = threading.Event()

        def send():
            for first in range(0, 1 << 20, 50):
                if ended.is_set():
                    return
                self.post(first, first + 50)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            harness.wait_for(lambda: self.daemon.status()["ledger"]["signals"] > 1000, "there is something")
            data = self.stream()
        finally:
            ended.set()
            sender.join()
        self.assert_whole()
        self.daemon.stop()
        before = len(self.state()["data.mdb"])
        self.restore("-", "--replace", input=data)
        self.assertLessEqual(len(self.state()["data.mdb"]), before)
        self.daemon.start()
        signals = self.daemon.status()["ledger"]["signals"]
        self.assertGreater(signals, 1000)
        self.assertEqual(signals % 50, 0)
        self.assert_whole()


class Refused(Backup):
    def test_over_a_ledger(self):
        self.post(0, 20)
        self.backup(self.place)
        self.assertIn("in use by another signaald", self.restore(self.place, "--replace", expect=REFUSED))
        self.post(20, 30)
        self.daemon.stop()
        before = self.state()
        said = self.restore(self.place, expect=REFUSED)
        self.assertIn("has a ledger already: with --replace", said)
        self.assertIn("nothing was changed", said)
        self.assertEqual(self.state(), before)
        self.restore(self.place, "--replace")
        self.daemon.start()
        self.assertEqual(self.daemon.status()["ledger"]["signals"], 20)

    def test_another_key(self):
        self.post(0, 20)
        self.backup(self.place)
        self.daemon.stop()
        before = self.state()
        for name, said in (("identity.key", "belongs to identity key"), ("person.key", "the person key is not the one")):
            key = self.daemon.state / name
            key.write_bytes(bytes(32))
            self.assertIn(said, self.restore(self.place, "--replace", expect=REFUSED))
            key.unlink()
            self.assertIn(name, self.restore(self.place, "--replace", expect=REFUSED))
            key.write_bytes(before[name])
            key.chmod(0o600)
            self.assertEqual(self.state(), before)

    def test_damaged(self):
        """A bit of it anywhere, or an end anywhere."""
        self.post(0, 50)
        data = self.stream()
        self.post(50, 60)
        self.daemon.stop()
        before = self.state()
        seed = int(os.environ.get("SIGNAALD_SEED", random.randrange(1 << 32)))
        print(f"SIGNAALD_SEED={seed}")
        rng = random.Random(seed)
        places = [0, 20, MANIFEST_BYTES - 1, MANIFEST_BYTES, len(data) - 1, *(rng.randrange(MANIFEST_BYTES) for _ in range(8)),
                  *(rng.randrange(MANIFEST_BYTES, len(data)) for _ in range(8))]
        for place in places:
            bad = bytearray(data)
            bad[place] ^= 1 << rng.randrange(8)
            with self.subTest(bit=place):
                self.assertRegex(self.restore("-", "--replace", input=bytes(bad), expect=REFUSED), "manifest|damaged|no backup")
        for end in (0, 1, MANIFEST_BYTES, len(data) - 1, *(rng.randrange(len(data)) for _ in range(4))):
            with self.subTest(end=end):
                self.assertRegex(self.restore("-", "--replace", input=data[:end], expect=REFUSED), "cut off|ends within")
        self.assertIn("longer", self.restore("-", "--replace", input=data + b"x", expect=REFUSED))
        self.assertIn("no backup of", self.restore("-", "--replace", input=before["data.mdb"], expect=REFUSED))
        self.assertEqual(self.state(), before)

    def test_no_such_backup(self):
        self.daemon.stop()
        before = self.state()
        for place in (self.daemon.directory / "nowhere", self.daemon.directory):
            self.assertIn("No such file", self.restore(place, "--replace", expect=REFUSED))
        self.assertEqual(self.state(), before)

    def test_where_a_backup_is(self):
        self.post(0, 20)
        self.backup(self.place)
        before = (self.place / "data.mdb").read_bytes()
        self.post(20, 30)
        self.assertIn(b"has a backup already", self.backup(self.place, expect=FAILED).stderr)
        self.assertEqual((self.place / "data.mdb").read_bytes(), before)

    def test_no_room(self):
        """Senders are not refused for the sake of a copy."""
        self.post(0, 20)
        self.daemon.stop()
        self.daemon.extra = {"state": ["disk_percent_max: 1"]}
        self.daemon.write_config()
        self.daemon.start()
        self.assertIn(b"has no room for a copy", self.backup(self.place, expect=FAILED).stderr)
        self.assertEqual(list(self.place.iterdir()), [])

    def test_one_at_a_time(self):
        """The first one's reader takes nothing for a while; the ledger is larger than what is under way."""
        for first in range(0, 40000, 10000):
            self.post(first, first + 10000)
        first = harness.UnixConnection(self.daemon.control_path)
        self.addCleanup(first.close)
        first.request("POST", "/v1/backup")
        answer = first.getresponse()
        self.assertEqual(answer.status, 200)
        self.assert_problem(self.daemon.control("POST", "/v1/backup"), 409)
        first.close()
        harness.wait_for(lambda: self.daemon.control("POST", "/v1/backup").status == 200, "the next one may begin")


class BrokenOff(Backup):
    def setUp(self):
        super().setUp()
        for first in range(0, 60000, 10000):
            self.post(first, first + 10000)

    def part(self):
        part = self.place / "data.mdb.part"
        return part.exists() and part.stat().st_size > 0

    def test_daemon_killed_in_a_backup(self):
        process = subprocess.Popen([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "backup", "-"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        head = process.stdout.read(MANIFEST_BYTES)
        self.daemon.kill()
        rest = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(harness.PATIENCE_S), FAILED)
        self.assertEqual({path.name for path in self.daemon.state.iterdir()} - {"lock", "lock.mdb"},
                         {"data.mdb", "identity.key", "person.key"})
        self.assertIn("cut off", self.restore("-", "--replace", input=head + rest, expect=REFUSED))
        self.daemon.start()
        self.assert_whole()

    def test_stop_in_a_backup(self):
        process = subprocess.Popen([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "backup", "-"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        process.stdout.read(MANIFEST_BYTES)
        self.daemon.stop()
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(harness.PATIENCE_S), FAILED)

    def test_signaalctl_killed(self):
        """Nothing of it has the name of a backup, and the next run is as if there had been none."""
        self.place.mkdir()
        (self.place / "data.mdb.part").symlink_to(self.daemon.directory / "elsewhere")
        process = subprocess.Popen([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "backup", self.place])
        harness.wait_for(lambda: self.part() or process.poll() is not None, "it is under way")
        process.kill()
        killed = process.wait(harness.PATIENCE_S) != 0
        self.assertFalse((self.daemon.directory / "elsewhere").exists())
        if killed:
            self.assertFalse((self.place / "manifest").exists())
        again = self.place if not (self.place / "data.mdb").exists() else self.daemon.directory / "again"
        self.backup(again)
        self.assertEqual({path.name for path in again.iterdir()}, {"manifest", "data.mdb"})

    def test_restore_killed(self):
        """The old ledger stays, and is started on; where there is none the daemon says so, and another run succeeds."""
        data = self.stream()
        self.daemon.stop()
        before = self.state()
        for gone in (False, True):
            if gone:
                self.lose_ledger()
            process = subprocess.Popen(self.command("-", "--replace"), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(process.stderr.close)
            process.stdin.write(data[:len(data) // 2])
            process.stdin.flush()
            part = self.daemon.state / "rebuilding" / "data.mdb"
            harness.wait_for(lambda: part.exists() and part.stat().st_size > 0, "it is under way")
            process.kill()
            process.wait(harness.PATIENCE_S)
            process.stdin.close()
            if gone:
                self.daemon.start(wait=False)
                self.assertEqual(self.daemon.process.wait(harness.PATIENCE_S), REFUSED)
                self.daemon.process = None
                self.assertIn("a rebuild or restore was broken off", self.daemon.log())
            else:
                self.assertEqual(self.state()["data.mdb"], before["data.mdb"])
                self.daemon.start()
                self.assertFalse((self.daemon.state / "rebuilding").exists())
                self.daemon.stop()
        self.restore("-", input=data)
        self.daemon.start()
        self.assertEqual(self.daemon.status()["ledger"]["signals"], 60000)
        self.assert_whole()


@unittest.skipIf(os.geteuid() != 0, "root only: changes its user")
class Rights(Backup):
    def test_only_root_and_its_own_user(self):
        self.daemon.directory.chmod(0o755)
        pathlib.Path(self.daemon.control_path).chmod(0o666)
        done = subprocess.run([shutil.which("setpriv"), "--reuid=65534", "--clear-groups", harness.BUILD / "signaalctl", "--socket",
                               self.daemon.control_path, "backup", "-"], capture_output=True, timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, FAILED)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"Changing things is for root", done.stderr)

    def test_owner(self):
        """Root restores what only root can read; the files are the service's user's."""
        self.post(0, 20)
        self.backup(self.place)
        self.daemon.stop()
        self.daemon.directory.chmod(0o755)
        self.daemon.config_path.chmod(0o644)
        for path in (self.daemon.state, *self.daemon.state.iterdir()):
            os.chown(path, 65534, 65534)
        self.place.chmod(0o700)
        self.assertIn("as the user nobody", self.restore(self.place, "--replace"))
        self.assertEqual((self.daemon.state / "data.mdb").stat().st_uid, 65534)


if __name__ == "__main__":
    unittest.main(verbosity=2)
