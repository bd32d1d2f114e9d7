// SPDX-License-Identifier: EUPL-1.2
// GET /v1/organisation: whose reports these are, by name and picture. The file is read when it is
// asked for, on a worker, and looked at again: it may be another one than at the start.
#include "base/mem.h"
#include "config/logo.h"
#include "control_private.h"

#include <limits.h>
#include <stdio.h>

enum { NAME_MAX_BYTES = 104 };

struct organisation {
    char name[NAME_MAX_BYTES], logo_file[PATH_MAX]; // "": none
};

static void work_out_organisation(const struct control_ground *ground, void *ctx,
                                  struct http_reply *reply) {
    const struct organisation *organisation = ctx;
    struct buf picture;
    struct err err;
    (void)ground;
    buf_init(&picture, 0);
    if (*organisation->logo_file && !logo_read(organisation->logo_file, &picture, &err)) {
        buf_free(&picture);
        problem_fill(reply, 503, "identity.logo: signaald --check-config says what is wrong.");
        return;
    }
    struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
    json_open(&json, '{');
    json_put_text(&json, "name", *organisation->name ? organisation->name : NULL);
    json_put_string(&json, "logo", picture.len ? buf_str(&picture) : (struct str){NULL, 0});
    json_close(&json, '}');
    buf_free(&picture);
}

void control_organisation(struct control *control, struct http_request *request) {
    const struct config *config = control->options.config;
    struct organisation *organisation = mem_zalloc(1, sizeof *organisation);
    if (config->organisation)
        (void)snprintf(organisation->name, sizeof organisation->name, "%s", config->organisation);
    if (config->logo_file)
        (void)snprintf(organisation->logo_file, sizeof organisation->logo_file, "%s",
                       config->logo_file);
    control_ask(control, request, work_out_organisation, organisation);
}
