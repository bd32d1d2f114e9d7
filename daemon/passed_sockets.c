// SPDX-License-Identifier: EUPL-1.2
// Sockets of systemd against the configuration. An address stands in two places then, so that they
// differ is told and never guessed: who posts to the one must find what the other says. And no
// socket beyond loopback goes without TLS, whoever has opened it.
#include "passed_sockets.h"

#include "edge/http/http.h"

#include <string.h>

enum { INTAKE, CONTROL, METRICS, NAMES };
static const char *const names[NAMES] = {
    [INTAKE] = "intake", [CONTROL] = "control", [METRICS] = "metrics"};

// An address that the configuration has, and whose sockets may come from systemd.
struct passed_address {
    const char *name, *unit, *key, *address; // address NULL: none
    uint16_t port;
    bool clear;       // beyond loopback it may be in the clear, or has TLS
    const char *need; // what lets it
};

static bool check_address(const struct passed_address *wanted, int fd, struct http_place *place,
                          struct err *err) {
    if (!http_place_of(fd, place, err))
        return err_set(err, ERR_CONFIG,
                       "%s: a socket named \"%s\" does not listen for connections: "
                       "ListenStream= and Accept=no",
                       wanted->unit, wanted->name);
    if (place->is_unix)
        return err_set(err, ERR_CONFIG, "%s: \"%s\" is for an address and a port, not for %s",
                       wanted->unit, wanted->name, place->text);
    if (!place->is_loopback && !wanted->clear)
        return err_set(err, ERR_CONFIG,
                       "%s listens on %s, which is not a loopback address: that needs %s",
                       wanted->unit, place->text, wanted->need);
    return true;
}

// The one of the configuration becomes the first.
static bool match_address(const struct passed_address *wanted, struct notify_sockets *sockets,
                          struct err *err) {
    struct http_place at, place = {0};
    bool found = false;
    if (sockets->count == 0)
        return true;
    if (!wanted->address || !http_place_at(wanted->address, wanted->port, &at))
        return err_set(err, ERR_CONFIG,
                       "%s is none, and systemd passes a socket for it: disable %s, or write its "
                       "address in %s",
                       wanted->key, wanted->unit, wanted->key);
    for (size_t i = 0; i < sockets->count; i++) {
        if (!check_address(wanted, sockets->fds[i], &place, err))
            return false;
        if (!found && strcmp(place.text, at.text) == 0) {
            int first = sockets->fds[0];
            sockets->fds[0] = sockets->fds[i];
            sockets->fds[i] = first;
            found = true;
        }
    }
    return found || err_set(err, ERR_CONFIG,
                            "%s is %s and %s listens on %s: let a ListenStream= be the same",
                            wanted->key, at.text, wanted->unit, place.text);
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
    bool tls = config->tls_certificate_file && config->tls_key_file;
    const struct passed_address intake = {"intake",
                                          "signaald.socket",
                                          "intake.listen",
                                          config->listen_address,
                                          config->listen_port,
                                          tls,
                                          "intake.tls_certificate and intake.tls_key"};
    const struct passed_address metrics = {
        "metrics",
        "signaald-metrics.socket",
        "metrics.listen",
        config->metrics_address,
        config->metrics_port,
        tls || config->metrics_plain,
        "intake.tls_certificate and intake.tls_key, or metrics.plain"};
    if (!notify_take_sockets(names, sockets, NAMES, err) ||
        !match_address(&intake, &sockets[INTAKE], err) ||
        !match_control(config, &sockets[CONTROL], err) ||
        !match_address(&metrics, &sockets[METRICS], err))
        return false;
    out->intake = sockets[INTAKE];
    out->metrics = sockets[METRICS];
    out->control = sockets[CONTROL].count ? sockets[CONTROL].fds[0] : -1;
    return true;
}
