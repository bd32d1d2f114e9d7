// SPDX-License-Identifier: EUPL-1.2
// Each line of the log that asks for a person, once: its code and its MESSAGE_ID, which never
// change and are never used again, its level, how the line begins, what it means and what to do.
// log_alarm takes the first three. The journal's catalogue and the table in the operators' page are
// made of all (UPDATE_MANUAL=1 tests/integration/test_manual.py), and conf/prometheus/alerts.yaml
// has a rule for each. The daemon has no other way to write a line at these levels.
#ifndef BASE_ALARMS_H
#define BASE_ALARMS_H

#include <stdint.h>

enum log_level { // syslog's
    LOG_LEVEL_EMERGENCY = 0,
    LOG_LEVEL_CRITICAL = 2,
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6
};

// clang-format off
#define ALARMS(X)                                                                                  \
    X(OUT_OF_MEMORY, "S001", "c9e22e13f3704a92ba65bc462cc5a2ef", EMERGENCY,                        \
      "out of memory",                                                                             \
      "The system gave no memory. The process ends, and systemd starts it again. What was "        \
      "accepted is on the disk.",                                                                  \
      "If it comes again, look at what takes the machine's memory and at MemoryMax= of the unit; " \
      "lower intake.queue_max and intake.connections_max, or give the machine more.")              \
    X(CANNOT_START, "S010", "8a254a740bc8477ea30d517a56dc288f", ERROR,                             \
      "cannot start:",                                                                             \
      "The service ended before it took anything. The line says why.",                             \
      "`... has no ledger`: its disk is not mounted, or it is the very first start (signaald "     \
      "--init). `... .key: cannot be read`: bring the key back. `the person key is not ...`: "     \
      "bring the old one back, or give it as person.previous_key. `... is in use by another "      \
      "signaald`, `another process listens there`: systemd tries again each 2 seconds; ss -ltnp "  \
      "names who has it. `... signaald.socket ...`: make the address there and in signaald.yaml "  \
      "the same.")                                                                                   \
    X(CONFIGURATION, "S011", "46eda326f1db460a91604b82a198cfa0", ERROR,                            \
      "the configuration is at fault:",                                                            \
      "The service does not start: a file of the configuration has a fault. systemd does not try " \
      "again.",                                                                                    \
      "Run signaald --check-config, which tells all faults at once; mend them; start the "         \
      "service.")                                                                                  \
    X(LEDGER_DAMAGED, "S012", "3aacc9deb22b43cd8157d52548a8810d", ERROR,                           \
      "the ledger cannot be used:",                                                                \
      "A page or an entry of data.mdb is not as it was written, or the file is cut or gone. "      \
      "Nothing of it is used. systemd does not try again.",                                        \
      "Look at the disk (dmesg, SMART; is it mounted?), keep a copy of the state directory, and "  \
      "restore the last backup: \"A damaged ledger\".")                                            \
    X(LEDGER_PAGE, "S013", "b2e9901f65c74716b0a5451b97ab0da2", CRITICAL,                           \
      "a page of the ledger's file cannot be read",                                                \
      "The disk gave an error, or somebody cut the file. The daemon ends and is started again, "   \
      "which looks at every page.",                                                                \
      "Look at the disk (dmesg, SMART). If the next start says S012, see \"A damaged ledger\".")   \
    X(COMMITS_FAIL, "S020", "c3bf77c5d53d4fdd9e05e55ddd8b070a", ERROR,                             \
      "commits fail, senders get 503",                                                             \
      "The disk is full or broken. Nothing that was accepted is lost. The daemon tries again each "\
      "second; `commits work again` ends it. If LMDB cannot write its own meta page the daemon "   \
      "ends, and systemd starts it again.",                                                        \
      "Make room on the disk of the state directory, or mend it.")                                 \
    X(NO_ROOM, "S021", "a56cc4b1a9f541679a3ac1c8e08df698", ERROR,                                  \
      "senders get 429 reason=",                                                                   \
      "Signals are refused for want of room, and senders send them again. The reason says which "  \
      "room; `room again` ends it.",                                                               \
      "Too much waits for Kafka: bring Kafka back. state.size_max is near: raise it; what waits "  \
      "still gets out. The disk is full: make room.")                                              \
    X(AUDIT_FULL, "S022", "d0c5de4fe0db46c2a13a6e9724cc5482", ERROR,                               \
      "the audit log has its share of state.size_max",                                             \
      "Exact reads are refused, since a read that is not logged is not done. Intake goes on. The " \
      "audit log itself can be read.",                                                             \
      "See who filled it (signaalctl audit). Raise state.size_max, or wait until retention.audit " \
      "makes room.")                                                                               \
    X(SOURCE_SHARE, "S023", "a8912884a7fd426994644ec2574405e5", WARNING,                           \
      "a source has its share of the room",                                                        \
      "It sends more at once than intake.share_percent of connections, bodies or queue. It gets "  \
      "429; the others are served.",                                                               \
      "Ask its supplier to send smaller bodies, or fewer at once.")                                \
    X(ADDRESS_SHARE, "S024", "29a5a5dcee394195bb2e780a31ee5ec8", WARNING,                          \
      "an address has its share of the room",                                                      \
      "The same of an address that has shown no token.",                                           \
      "If it goes on, find out who connects (the proxy's log, ss -tn) and block the address.")     \
    X(USER_SHARE, "S025", "6caf4924fe98437fa3cab7ebeb71d74e", WARNING,                             \
      "a user of the control socket has his share",                                                \
      "A member of the socket's group has very many connections. Root gets in all the same.",      \
      "See in the audit log what he reads (signaalctl audit), and ask him.")                       \
    X(SOURCE_RATE, "S026", "468a6b208d2b4a6695a9dc41a42e3b42", WARNING,                            \
      "a source sends more than it may, it gets 429 source=",                                      \
      "It sends more requests a minute than it may; the others are served.",                       \
      "Ask its supplier to send batches, or raise its requests_per_minute.")                       \
    X(CLIENT_CERTIFICATE, "S027", "7aafddfa7b6d4bacba8e913eda867eee", WARNING,                     \
      "a client's certificate is not taken, it gets 401:",                                         \
      "The line says why, and whose it is if a source has it. The client itself is not told. Its " \
      "sender gets 401 until it shows another one, or none and a token.",                          \
      "New ones of a source: write their fingerprint, or the OIN, in its line. A list of "         \
      "revoked ones that has ended: fetch it, then systemctl reload signaald.")                    \
    X(KAFKA, "S030", "68e87df8f1d845229ffba2118aa70512", WARNING,                                  \
      "kafka topic=",                                                                              \
      "Events (topic signals) or statistics do not get through. They wait in the outbox, in "      \
      "order, and go out by themselves. Neither holds up the other, nor intake. `stalled`: Kafka " \
      "has confirmed nothing for some seconds.",                                                   \
      "Mend Kafka, by the reason in the line; `state=running` ends it. There is nothing else to "  \
      "do, until too much waits (S021).")                                                          \
    X(KAFKA_FORGED, "S031", "751f7f8a84394ea085dac1fa4ceac16b", ERROR,                             \
      "records in our name that are not ours:",                                                    \
      "Somebody else writes to the topic with our headers. Such records are never believed, and "  \
      "stop nothing; consumers may have believed them.",                                           \
      "Take the right to write to the topics from everybody but signaald, and tell the consumers " \
      "which records: \"Records that are not ours\".")                                             \
    X(KAFKA_FORKED, "S032", "596313d2f4e540a483f5142c7f05b666", ERROR,                             \
      "records of ours that say something else:",                                                  \
      "Two daemons have written with one ledger: a copy was started elsewhere, or a backup was "   \
      "put back while the topic was another one.",                                                 \
      "Stop the other one. If the topic is the one that consumers read, make the ledger anew from "\
      "it: \"Records that are not ours\".")                                                        \
    X(TAKEN_BACK, "S033", "c14641d8d8c84a50a50320ba70b44045", WARNING,                             \
      "the ledger was older than topic",                                                           \
      "A backup was restored, or the machine was rolled back. What the topic had and the ledger "  \
      "lacked was taken back.",                                                                    \
      "If you did not restore anything, find out who did. Let sources send again what was "        \
      "accepted after the backup and had not reached Kafka: \"A restored backup\".")               \
    X(FEED_FAILS, "S040", "2ebb1ba24caf480888a6e4047ea5dd58", WARNING,                             \
      "feed fails source=",                                                                        \
      "One endpoint fails; it does not hold up the others. `feed works again` ends it.",           \
      "Nothing yet, if it is the first time: signaalctl feeds NAME says more.")                    \
    X(FEED_KEEPS_FAILING, "S041", "77f0f15365764951a2940f26169ffb6f", WARNING,                     \
      "feed keeps failing, it is asked less often source=",                                        \
      "One endpoint has failed several times in a row.",                                           \
      "Read the reason (signaalctl feeds NAME) and tell the other side; a rejected secret is "     \
      "yours to renew.")                                                                           \
    X(LIST_SHORT, "S042", "b9556e3b271a408b81399ce1914865af", WARNING,                             \
      "a complete list is suddenly short source=",                                                 \
      "More signals are gone from a list than are withdrawn at once. Nothing was withdrawn, and "  \
      "they count as before.",                                                                     \
      "Ask the source. If its list was wrong, do nothing: the next whole one ends it. If it is "   \
      "right: signaalctl accept NAME.")                                                            \
    X(LIST_CUT, "S043", "309bcc6c7759469e8365ad0dc1422698", WARNING,                               \
      "a list may have been cut off source=",                                                      \
      "Its number of items is round and no next page is named, so the server may keep the rest.",  \
      "Look whether the other side has more (its paging, its page size); name the next page in "   \
      "the template.")                                                                             \
    X(SOURCE_SILENT, "S044", "e57eab1c755f484d9ff4e819c8fa6d67", WARNING,                          \
      "source is silent source=",                                                                  \
      "Nothing new came from it for its number of days (silent_days).",                            \
      "Ask the municipality, not the machine, unless its feed fails as well.")                     \
    X(CERTIFICATE_ENDS, "S050", "7ab8de7ef9e642e4b29fe134c0b08f29", WARNING,                       \
      "a certificate ends soon:",                                                                  \
      "A certificate, or a list of revoked ones, ends within 30 days. This is told each day.",                                            \
      "Put the new one in its place, then systemctl reload signaald.")                                                                          \
    X(CERTIFICATE_ENDED, "S051", "c98d93af3cc6412db20890f1d4a0bce8", ERROR,                        \
      "a certificate has ended:",                                                                  \
      "Whoever verifies it refuses: senders cannot connect, or a feed fails.",                     \
      "As with S050, now.")                                                                        \
    X(AUDIT_CHANGED, "S060", "863a122e89804560838624959c4f6211", ERROR,                            \
      "the audit log has been changed from outside",                                               \
      "The chain of the audit log does not fit: somebody has changed the ledger's file.",          \
      "Keep a copy of the state directory. signaalctl audit verify says where; compare with the "  \
      "`audit head` lines in your kept journal. Tell your security officer.")                      \
    X(AUDIT_LINE_LOST, "S061", "72fefc807764466b9ea8da1883b52a9c", ERROR,                          \
      "audit line lost action=",                                                                   \
      "What was asked was begun, but what came of it could not be logged: the disk failed "        \
      "meanwhile.",                                                                                \
      "Look what came of it (signaalctl status), note it down beside the audit log, and mend the " \
      "disk.")                                                                                     \
    X(AUDIT_READ, "S062", "a6561b98ac7f4666855d8000a55f382e", WARNING,                             \
      "audit log read without a line in it",                                                       \
      "The audit log is full (S022), so this line is all that tells who read it.",                 \
      "Keep it with the audit log.")                                                               \
    X(NOT_ERASED, "S063", "9095a9aad7e74c62a40a044158b5fa3d", ERROR,                               \
      "signal not erased",                                                                         \
      "An erasure failed, and nothing was erased.",                                                \
      "Mend what the reason says, and ask again: somebody is waiting for it.")                     \
    X(RELOAD_REFUSED, "S070", "98f8a7419891428cb044820be4b92c33", ERROR,                           \
      "reload refused",                                                                            \
      "A file has faults, a line for each. All stays as it was.",                                  \
      "Mend them (signaald --check-config), and reload again; a changed key may need a restart.")                                    \
    X(STOP_SLOW, "S071", "ac1f498517344cbfaf4eee09d5282cbe", ERROR,                                \
      "stop takes too long, ending now",                                                           \
      "The disk did not take the last commit in time. The ledger has all that was accepted.",      \
      "Look at the disk before the next start.")                                                   \
    X(HANGS, "S072", "7d85941470e0412499b0af2ec91cb560", ERROR,                                    \
      "the work stands still:",                                                                    \
      "A commit, or publishing while Kafka is there, has not moved for four times WatchdogSec=. "  \
      "systemd ends the service with SIGABRT and starts it again. Nothing is lost.",               \
      "If it comes again, look at the disk: dmesg, and /proc/PID/stack of the daemon.")
// clang-format on

enum alarm {
#define X(name, ...) ALARM_##name,
    ALARMS(X)
#undef X
        ALARM_COUNT
};

struct alarm_entry {
    const char *code, *message_id; // "S001", 32 digits
    enum log_level level;
};
extern const struct alarm_entry alarms[ALARM_COUNT];

#endif
