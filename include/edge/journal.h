// SPDX-License-Identifier: EUPL-1.2
// Lines of the log to systemd's journal, by its own protocol: so that an alarm has a MESSAGE_ID, by
// which `journalctl MESSAGE_ID=…` finds it and `journalctl -x` says what to do.
#ifndef EDGE_JOURNAL_H
#define EDGE_JOURNAL_H

// From here on, if stderr is the journal's (JOURNAL_STREAM, systemd.exec(5)); else nothing changes.
void journal_take_log(void);

#endif
