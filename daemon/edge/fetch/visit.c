// SPDX-License-Identifier: EUPL-1.2
// A visit has its own cache of connections and of TLS sessions. curl's one for all would be looked
// through from end to end for each connection that ends, and with thousands of hosts that was most
// of what polling cost. So nothing here grows with the number of hosts, and a connection ends with
// its poll. A visit is busy (a request of it is under way), or idle and on the list, or has nothing
// open.
#include "fetch_visit.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct fetch_visit {
    TAILQ_ENTRY(fetch_visit) entry;
    struct fetch_visits *visits; // while it has `share`
    CURLSH *share;               // owned; NULL: nothing is open
    bool busy, ended;
};

void fetch_visits_init(struct fetch_visits *visits, uint32_t max) {
    *visits = (struct fetch_visits){.max = max};
    TAILQ_INIT(&visits->idle);
}

static void close_share(struct fetch_visit *visit) {
    CURLSHcode rc = curl_share_cleanup(visit->share);
    assert(rc == CURLSHE_OK); // no handle uses it
    (void)rc;
    visit->share = NULL;
}

static void take_off(struct fetch_visit *visit) {
    TAILQ_REMOVE(&visit->visits->idle, visit, entry);
    visit->visits->count--;
}

static void close_oldest(struct fetch_visits *visits) {
    struct fetch_visit *visit = TAILQ_FIRST(&visits->idle);
    take_off(visit);
    close_share(visit);
}

void fetch_visits_close(struct fetch_visits *visits) {
    while (visits->count)
        close_oldest(visits);
}

struct fetch_visit *fetch_visit_begin(void) {
    return mem_zalloc(1, sizeof(struct fetch_visit));
}

void fetch_visit_end(struct fetch_visit *visit) {
    if (!visit)
        return;
    visit->ended = true;
    if (visit->busy)
        return;
    if (visit->share) {
        take_off(visit);
        close_share(visit);
    }
    free(visit);
}

static CURLSH *open_share(void) {
    CURLSH *share = curl_share_init();
    if (share && (curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) ||
                  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION))) {
        (void)curl_share_cleanup(share);
        share = NULL;
    }
    return share;
}

CURLSH *fetch_visit_enter(struct fetch_visit *visit, struct fetch_visits *visits) {
    assert(!visit->busy && !visit->ended);
    if (visit->share)
        take_off(visit);
    else
        visit->share = open_share();
    visit->visits = visits;
    visit->busy = visit->share != NULL;
    return visit->share;
}

void fetch_visit_leave(struct fetch_visit *visit) {
    struct fetch_visits *visits = visit->visits;
    visit->busy = false;
    TAILQ_INSERT_TAIL(&visits->idle, visit, entry);
    visits->count++;
    if (visit->ended)
        fetch_visit_end(visit);
    else if (visits->count > visits->max)
        close_oldest(visits);
}
