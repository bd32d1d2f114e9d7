// SPDX-License-Identifier: EUPL-1.2
// A disk that hangs: while /hang is there, what the program has written does not come to an end.
// Preloaded into a service by tests/machine.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd) {
    while (access("/hang", F_OK) == 0)
        (void)poll(NULL, 0, 20);
    return (int)syscall(SYS_fdatasync, fd);
}
