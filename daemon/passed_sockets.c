// SPDX-License-Identifier: EUPL-1.2
// Sockets of systemd against the configuration. An address stands in two places then, so that they
// differ is told and never guessed: who posts to the one must find what the other says. And no
// socket beyond loopback goes without TLS, whoever has opened it.
#include "passed_sockets.h"

#include "edge/http/http.h"

#include <string.h>

enum { INTAKE, CONTROL, NAMES };
static const char *const names[NAMES] = {[INTAKE] = "intake", [CONTROL] = "control"};

static bool check_intake(const struct config *config, int fd, struct http_place *place,
                         struct err *err) {
    if (!http_place_of(fd, place, err))
        return err_set(err, ERR_CONFIG,
                       "signaald.socket: a socket named \"intake\" does not listen for "
                       "connections: ListenStream= and Accept=no");
    if (place->is_unix)
        return err_set(err, ERR_CONFIG,
                       "signaald.socket: \"intake\" is for an address and a port, not for %s",
                       place->text);
    if (!place->is_loopback && !(config->tls_certificate_file && config->tls_key_file))
        return err_set(err, ERR_CONFIG,
                       "signaald.socket listens on %s, which is not a loopback address: that needs "
                       "intake.tls_certificate and intake.tls_key",
                       place->text);
    return true;
}

// The one of the configuration becomes the first.
static bool match_intake(const struct config *config, struct notify_sockets *intake,
                         struct err *err) {
    struct http_place wanted, place = {0};
    bool found = false;
    if (intake->count == 0)
        return true;
    if (!config->listen_address ||
        !http_place_at(config->listen_address, config->listen_port, &wanted))
        return err_set(err, ERR_CONFIG,
                       "intake.listen is none, and systemd passes a socket for it: disable "
                       "signaald.socket, or write its address in intake.listen");
    for (size_t i = 0; i < intake->count; i++) {
        if (!check_intake(config, intake->fds[i], &place, err))
            return false;
        if (!found && strcmp(place.text, wanted.text) == 0) {
            int first = intake->fds[0];
            intake->fds[0] = intake->fds[i];
            intake->fds[i] = first;
            found = true;
        }
    }
    return found || err_set(err, ERR_CONFIG,
                            "intake.listen is %s and signaald.socket listens on %s: let a "
                            "ListenStream= be the same",
                            wanted.text, place.text);
}

static bool match_control(const struct config *config, const struct notify_sockets *control,
                          struct err *err) {
    struct http_place place;
    if (control->count == 0)
        return true;
    if (control->count > 1)
        return err_set(err, ERR_CONFIG, "signaald-control.socket has %zu sockets: let it have one",
                       control->count);
    if (!http_place_of(control->fds[0], &place, err) || !place.is_unix)
        return err_set(err, ERR_CONFIG,
                       "signaald-control.socket: a socket named \"control\" is a path: "
                       "ListenStream= and Accept=no");
    return strcmp(place.text, config->control_socket) == 0 ||
           err_set(err, ERR_CONFIG,
                   "control.socket is %s and signaald-control.socket listens on %s: let its "
                   "ListenStream= be the same",
                   config->control_socket, place.text);
}

bool passed_sockets_take(const struct config *config, struct passed_sockets *out, struct err *err) {
    struct notify_sockets sockets[NAMES];
    if (!notify_take_sockets(names, sockets, NAMES, err) ||
        !match_intake(config, &sockets[INTAKE], err) ||
        !match_control(config, &sockets[CONTROL], err))
        return false;
    out->intake = sockets[INTAKE];
    out->control = sockets[CONTROL].count ? sockets[CONTROL].fds[0] : -1;
    return true;
}
