# SPDX-License-Identifier: EUPL-1.2
"""The alert rules for Prometheus: one for each alarm, on metrics that the daemon has, and each fires when it should and only then
(promtool test rules)."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from alarms import ALARMS, ROOT
from harness import Case, wait_for

RULES = ROOT / "conf/prometheus/alerts.yaml"
# Told by the metric `up`, since such a daemon cannot be scraped: SignaaldDown says it.
WITHOUT_METRIC = {"S010", "S011", "S012", "S013", "S071"}
DAY = 1440
# alert: (what trips it, what does not), each a list of (series, values, one a minute); `up` is 1 beside both but for the first.
TRIPS = {
    "SignaaldDown": ([('up{job="signaald"}', "0x10")], [('up{job="signaald"}', "1x10")], 5),
    "SignaaldRestarts": ([("signaald_uptime_seconds", "10 20 5 10 5 10 5 10")], [("signaald_uptime_seconds", "10 20 5 10 5 10 20 30")], 7),
    "SignaaldCommitsFail": ([("signaald_commits_fail", "1x5")], [("signaald_commits_fail", "0x5")], 3),
    "SignaaldNoRoom": ([("signaald_intake_full", "1x5")], [("signaald_intake_full", "0x5")], 3),
    "SignaaldReadsRefused": ([("signaald_reads_refused", "1x5")], [("signaald_reads_refused", "0x5")], 3),
    "SignaaldKafka": ([('signaald_kafka_state{topic="signals",state="stalled"}', "1x20")],
                      [('signaald_kafka_state{topic="signals",state="running"}', "1x20")], 15),
    "SignaaldWaitsLong": ([("signaald_oldest_waiting_seconds", "0+60x90"), ('signaald_kafka_state{topic="signals",state="off"}', "0x90")],
                          [("signaald_oldest_waiting_seconds", "0+60x90"), ('signaald_kafka_state{topic="signals",state="off"}', "1x90")], 80),
    "SignaaldForged": ([("signaald_kafka_forged_total", "1x5")], [("signaald_kafka_forged_total", "0x5")], 3),
    "SignaaldForked": ([("signaald_kafka_forked_total", "1x5")], [("signaald_kafka_forked_total", "0x5")], 3),
    "SignaaldTakenBack": ([("signaald_kafka_taken_back_total", "1x5")], [("signaald_kafka_taken_back_total", "0x5")], 3),
    "SignaaldFeedsFail": ([("signaald_feeds_failing", "30x40"), ("signaald_feeds", "100x40")],
                          [("signaald_feeds_failing", "10x40"), ("signaald_feeds", "100x40")], 35),
    "SignaaldFeedKeepsFailing": ([("signaald_feeds_failing", f"1x{DAY + 10}")], [("signaald_feeds_failing", f"1x{DAY - 20} 0x30")], DAY + 5),
    "SignaaldListShort": ([("signaald_feeds_held", "1x5")], [("signaald_feeds_held", "0x5")], 3),
    "SignaaldListCut": ([("signaald_feeds_doubtful", f"1x{DAY + 10}")], [("signaald_feeds_doubtful", f"0x{DAY + 10}")], DAY + 5),
    "SignaaldSilent": ([("signaald_feeds_silent", "1x70")], [("signaald_feeds_silent", "0x70")], 65),
    "SignaaldCertificateEnds": ([('signaald_certificate_end_timestamp_seconds{of="client_cert_file",source="coa"}', "1000000x5")],
                                [('signaald_certificate_end_timestamp_seconds{of="client_cert_file",source="coa"}', "1300000x5")], 3),
    "SignaaldCertificateEnded": ([('signaald_certificate_end_timestamp_seconds{of="poll.ca_file"}', "80000x5")],
                                 [('signaald_certificate_end_timestamp_seconds{of="poll.ca_file"}', "100000x5")], 3),
    "SignaaldAuditFills": ([("signaald_audit_bytes", "90x70"), ("signaald_audit_bytes_max", "100x70")],
                           [("signaald_audit_bytes", "70x70"), ("signaald_audit_bytes_max", "100x70")], 65),
    "SignaaldStateFills": ([("signaald_state_bytes", "90x70"), ("signaald_state_bytes_max", "100x70")],
                           [("signaald_state_bytes", "70x70"), ("signaald_state_bytes_max", "100x70")], 65),
    "SignaaldDiskFills": ([("signaald_disk_used_ratio", "0.85x20"), ("signaald_disk_used_ratio_max", "0.9x20")],
                          [("signaald_disk_used_ratio", "0.75x20"), ("signaald_disk_used_ratio_max", "0.9x20")], 15),
    "SignaaldQuarantine": ([("signaald_quarantined", f"1x{DAY + 10}")], [("signaald_quarantined", f"0x{DAY + 10}")], DAY + 5),
}


def rules():
    """{alert: (expression, code or None)}, as they stand in the file."""
    found = {}
    for block in RULES.read_text().split("      - alert: ")[1:]:
        code = re.search(r"code: (\w+)", block)
        found[block.split("\n")[0]] = (re.search(r"expr: (.*(?:\n {14}.*)*)", block)[1], code and code[1])
    return found


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=120)


class Alerts(unittest.TestCase):
    def test_check(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_one_for_each_alarm(self):
        self.assertEqual({code for _, code in rules().values() if code}, set(ALARMS) - WITHOUT_METRIC)
        down = re.search(r"alert: SignaaldDown\b.*?(?=- alert:)", RULES.read_text(), re.S)[0]
        self.assertLessEqual(WITHOUT_METRIC, set(re.findall(r"S\d{3}", down)))

    def test_each_fires_when_it_should(self):
        parts = []
        for alert, (expression, code) in rules().items():
            if alert in TRIPS:
                trips, calm, at = TRIPS[alert]
            else:
                series = re.search(r"signaald_alarms_total\{.*?\}", expression)[0]
                trips, calm, at = [(series, "0x5 5x5")], [(series, "0x10")], 8
            for series, fires in ((trips, True), (calm, False)):
                lines = "".join(f"      - {{series: '{name}', values: '{values}'}}\n" for name, values in series)
                query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
                parts.append(f"  - interval: 1m\n    input_series:\n{lines}    promql_expr_test:\n      - expr: '{query}'\n"
                             f"        eval_time: {at}m\n        exp_samples: [{{labels: '{{}}', value: {int(fires)}}}]\n")
        with tempfile.TemporaryDirectory(prefix="signaald-alerts-") as folder:
            path = pathlib.Path(folder) / "test.yaml"
            path.write_text(f"rule_files: [{RULES}]\nevaluation_interval: 1m\ntests:\n{''.join(parts)}")
            done = promtool("test", "rules", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLessEqual(set(TRIPS), set(rules()))


class Metrics(Case):
    EXTRA = {"kafka": ["brokers: 127.0.0.1:9"]}
    UNLESS = {"signaald_certificate_end_timestamp_seconds"}  # without a certificate

    def test_rules_use_what_there_is(self):
        there = {name.split("{")[0] for name in self.daemon.metrics()}
        used = {name for expression, _ in rules().values() for name in re.findall(r"\bsignaald_\w+\b", re.sub(r"=~?\"[^\"]*\"", "", expression))}
        self.assertGreater(len(used), 20)
        self.assertLessEqual(used - self.UNLESS, there)

    def test_each_alarm_is_counted(self):
        metrics = self.daemon.metrics()
        self.assertEqual({name for name in metrics if name.startswith("signaald_alarms_total")},
                         {f'signaald_alarms_total{{code="{code}"}}' for code in ALARMS})
        self.assertEqual(metrics["signaald_commits_fail"], 0)
        self.assertEqual(metrics["signaald_oldest_waiting_seconds"], 0)
        self.assertEqual(self.daemon.post("coa", {"id": "1"}).status, 201)
        wait_for(lambda: self.daemon.metrics()["signaald_oldest_waiting_seconds"] > 0, "it waits for a second")


if __name__ == "__main__":
    unittest.main()
