# SPDX-License-Identifier: EUPL-1.2
"""The shipped unit under a systemd that has booted: who did what is in the audit log by name, and what a restart does not mend is
not started again."""
import json
import unittest

import machine

OPERATOR, STRANGER = 4242, 4243
SCRIPT = """
systemd-sysusers && usermod -aG signaald operator && chgrp -R signaald /etc/signaald && chmod 0750 /etc/signaald
tried() { systemctl start signaald; systemctl show signaald -p ActiveState,SubState,ExecMainStatus >"/out/$1"; systemctl reset-failed signaald; }
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
journalctl --update-catalog && journalctl --no-pager -x MESSAGE_ID=3aacc9deb22b43cd8157d52548a8810d >/out/explained
journalctl --no-pager SIGNAALD_ALARM=S012 PRIORITY=3 -o cat >/out/by-code
"""
SOURCES = "name,kind,url,template\ncoa,coa,https://192.0.2.1/,native\n"


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = machine.run(cls, SCRIPT, {"etc/signaald/sources.csv": SOURCES}, {"operator": OPERATOR, "stranger": STRANGER})
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

    def test_an_alarm_is_found_and_explained(self):
        self.assertRegex(self.out["by-code"], r"^\[S012\] the ledger cannot be used: ")
        self.assertRegex(self.out["explained"], r"signaald\[\d+\]: \[S012\] the ledger cannot be used: ")
        self.assertIn("What to do: Look at the disk", self.out["explained"])
        self.assertEqual(self.out["by-code"].count("[S012]"), self.out["explained"].count(": [S012]"))

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
