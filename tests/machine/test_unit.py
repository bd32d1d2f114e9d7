# SPDX-License-Identifier: EUPL-1.2
"""The shipped unit under a systemd that has booted (systemd-nspawn, without a network): who did what is in the audit log by name.

The machine is this one's /usr, with what `cmake --install` puts there over it, and a root folder of its own. Needs root.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIGNAALD_BUILD", ROOT / "build/release")).absolute()
BOOT_S = 300
OPERATOR, STRANGER = 4242, 4243
SCRIPT = f"""#!/bin/sh
# Each result is a file in /out: what was printed, and the exit status in its last line.
as() {{ result=$1 user=$2; shift 2; setpriv --reuid "$user" --regid "$user" --init-groups "$@" >"/out/$result" 2>&1; echo $? >>"/out/$result"; }}
systemd-sysusers && usermod -aG signaald operator && chgrp -R signaald /etc/signaald && chmod 0750 /etc/signaald
tried() {{ systemctl start signaald; systemctl show signaald -p ActiveState,SubState,ExecMainStatus >"/out/$1"; systemctl reset-failed signaald; }}
tried empty
rm -rf /var/lib/signaald
as init root signaald --init
ls -ln /var/lib/signaald >/out/owner
systemctl start signaald
echo $? >/out/start
as counts operator signaalctl counts
as pause operator signaalctl pause coa
as stranger stranger signaalctl status
as own signaald signaalctl pause coa
as root root signaalctl resume coa
id -u signaald >/out/uid
systemctl reload signaald; echo $? >/out/reload
signaalctl --json audit >/out/audit
signaalctl audit >/out/audit-text
systemctl stop signaald
systemctl show signaald -p Result,ExecMainStatus >/out/end
journalctl --no-pager -u signaald >/out/journal
cp /etc/signaald/signaald.yaml /kept && echo 'no: such key' >>/etc/signaald/signaald.yaml
tried bad-configuration
cp /kept /etc/signaald/signaald.yaml && truncate -s 5000 /var/lib/signaald/data.mdb
tried damaged
journalctl --no-pager >/out/whole-journal
systemctl poweroff --force
"""
UNIT = """[Unit]
Description=What is tried
[Service]
Type=oneshot
ExecStart=/bin/sh /try
TimeoutStartSec=240
"""
TARGET = """[Unit]
Description=The machine is up
Requires=basic.target
After=basic.target
Wants=try.service
"""
PASSWD = f"""root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
operator:x:{OPERATOR}:{OPERATOR}::/:/bin/sh
stranger:x:{STRANGER}:{STRANGER}::/:/bin/sh
"""
GROUP = f"root:x:0:\nnogroup:x:65534:\noperator:x:{OPERATOR}:\nstranger:x:{STRANGER}:\n"
SOURCES = "name,kind,url,template\ncoa,coa,https://192.0.2.1/,native\n"


def as_root(*words):
    """Needs a machine that lets us be root; tests/run is on one, since it installs packages."""
    return list(words) if os.geteuid() == 0 else ["sudo", "-n", *words]


def make_machine(folder):
    """A root folder, and what is installed over /usr."""
    root, installed = folder / "root", folder / "installed"
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env={**os.environ, "DESTDIR": str(installed)}, check=True,
                   capture_output=True)
    for name in ("etc/systemd/system", "usr", "var", "tmp", "run", "proc", "sys", "dev", "root", "out"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    shutil.move(installed / "etc/signaald", root / "etc/signaald")
    for name in ("ld.so.cache", "ld.so.conf", "nsswitch.conf"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    for name, text in (("etc/passwd", PASSWD), ("etc/group", GROUP), ("etc/os-release", "ID=debian\n"), ("try", SCRIPT),
                       ("etc/signaald/sources.csv", SOURCES), ("etc/systemd/system/try.service", UNIT),
                       ("etc/systemd/system/default.target", TARGET)):
        (root / name).write_text(text)
    for name in ("systemd-networkd", "systemd-networkd-wait-online"):  # there is no network to wait for
        (root / f"etc/systemd/system/{name}.service").symlink_to("/dev/null")
    return root, installed / "usr"


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-machine-"))
        folder.chmod(0o755)
        cls.addClassCleanup(lambda: subprocess.run(as_root("rm", "-rf", str(folder)), check=True))
        root, usr = make_machine(folder)
        subprocess.run(as_root("chown", "-R", "root:root", str(root), str(usr)), check=True)
        done = subprocess.run(as_root("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no", "--private-network",
                                      "--console=pipe", f"--directory={root}", f"--overlay-ro=/usr:{usr}:/usr", "--boot"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_S)
        cls.out = {path.name: path.read_text() for path in (root / "out").iterdir()}
        assert "journal" in cls.out, f"the machine did not come to its end: {done.stdout}{done.stderr}{cls.out}"
        cls.audit = [json.loads(line) for line in cls.out["audit"].splitlines()]

    def of(self, action, result=None):
        """Who did it, by the audit log."""
        return [line["actor"].split()[0] for line in self.audit
                if line["action"] == action and result in (None, line["result"])]

    def test_starts_reloads_and_stops(self):
        self.assertEqual((self.out["start"], self.out["reload"]), ("0\n", "0\n"), self.out["journal"])
        self.assertEqual(set(self.out["end"].split()), {"Result=success", "ExecMainStatus=0"})
        self.assertNotIn("<3>", self.out["journal"])

    def test_what_a_restart_does_not_mend_is_not_started_again(self):
        for what, status in (("empty", 2), ("bad-configuration", 2), ("damaged", 3)):
            self.assertEqual(set(self.out[what].split()),
                             {"ActiveState=failed", "SubState=failed", f"ExecMainStatus={status}"}, what)
        for told in ("has no ledger", 'unknown section "no"', "is damaged: "):
            self.assertIn(told, self.out["whole-journal"])
        self.assertNotIn("ConfigurationDirectory", self.out["whole-journal"])

    def test_what_root_begins_is_the_services(self):
        """--init by root, where the state directory is not there yet."""
        self.assertEqual(self.out["init"].splitlines()[-1], "0", self.out["init"])
        files = [line.split() for line in self.out["owner"].splitlines()[1:]]
        self.assertIn("data.mdb", [words[-1] for words in files])
        self.assertEqual({words[2] for words in files}, {self.out["uid"].strip()})

    def test_an_operator_is_named(self):
        self.assertEqual(self.out["counts"].splitlines()[-1], "0", self.out["counts"])
        self.assertEqual(self.of("read counts"), [f"uid:{OPERATOR}"])
        self.assertRegex(self.out["audit-text"], r"(?m)^ *\d+ \S+ \S+ operator \d+ +read counts ")
        self.assertNotIn("nobody", self.out["audit-text"])
        self.assertNotIn("uid:65534", self.out["audit"])

    def test_who_may_change(self):
        own = self.out["uid"].strip()
        self.assertIn("Changing things is for root", self.out["pause"])
        self.assertEqual((self.out["own"].splitlines()[-1], self.out["root"].splitlines()[-1]), ("0", "0"), self.out)
        self.assertEqual(self.of("pause", "403"), [f"uid:{OPERATOR}"])
        self.assertEqual(self.of("pause", "202"), [f"uid:{own}"])
        self.assertEqual(self.of("resume", "202"), ["uid:0"])

    def test_who_is_not_in_the_group(self):
        self.assertRegex(self.out["stranger"], r"no permission for /run/signaald/control\.sock: be in the group signaald .*\n1\n$")


if __name__ == "__main__":
    unittest.main()
