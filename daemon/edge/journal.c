// SPDX-License-Identifier: EUPL-1.2
// The only file that includes libsystemd's header of the journal. All lines go this way or none, so
// that they stay in order; one that the journal does not take goes to stderr, which is the
// journal's too. Nothing is allocated, and no line has a place in the code.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "edge/journal.h"

#include "base/pii/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum { FIELD_MAX = 64 };

static struct iovec field(char *text, const char *name, const char *value) {
    int len = snprintf(text, FIELD_MAX, "%s=%s", name, value);
    return (struct iovec){text, (size_t)len};
}

static bool send_line(enum log_level level, const struct alarm_entry *alarm, struct str line) {
    static const char key[] = "MESSAGE=";
    char message[LOG_LINE_MAX + sizeof key], priority[FIELD_MAX], name[FIELD_MAX], id[FIELD_MAX],
        code[FIELD_MAX];
    int len = snprintf(message, sizeof message, "%s%.*s", key, (int)line.len, line.data);
    const char number[] = {(char)('0' + (int)level), '\0'};
    const struct iovec fields[] = {
        {message, (size_t)len},
        field(priority, "PRIORITY", number),
        field(name, "SYSLOG_IDENTIFIER", "signaald"),
        field(id, "MESSAGE_ID", alarm ? alarm->message_id : ""),
        field(code, "SIGNAALD_ALARM", alarm ? alarm->code : ""),
    };
    return sd_journal_sendv(fields, alarm ? 5 : 3) == 0;
}

void journal_take_log(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    if (stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
        fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode)
        log_set_writer(send_line);
}
