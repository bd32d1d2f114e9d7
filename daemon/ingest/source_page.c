// SPDX-License-Identifier: EUPL-1.2
// The way of a question for a source's own page: what the memory has is taken on the loop, the rest
// is gathered from the disk on a worker that gives way to others, and the answer leaves on the loop
// again. Few are worked out at a time and one for each source, so no source holds up another. The
// pipeline waits for them, so at a stop they are answered before the ledger closes.
#include "ingest/source_page.h"

#include "api/accept.h"
#include "base/mem.h"
#include "ingest/pipeline.h"
#include "source_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page_question {
    struct source_pages *pages;
    size_t place; // of pages->at_work
    struct http_request *request;
    struct sources *sources;
    struct tables *tables;
    struct source_facts facts;
    bool html, dutch; // as the client would rather have it
    char policy[SOURCE_POLICY_MAX];
    struct http_reply reply;
};

static void take_view(void *ctx, const struct feed_view *view) {
    struct source_feed *feed = ctx;
    feed->state = view->state;
    feed->next_ms = view->next_ms;
    feed->failed_ms = view->failed_ms;
    feed->failures = view->failures;
    if (view->failure)
        (void)snprintf(feed->failure, sizeof feed->failure, "%s", view->failure);
    if (view->record)
        feed->record = *view->record;
}

static void work_out(void *ctx) {
    struct page_question *question = ctx;
    source_facts_gather(&question->facts);
    if (question->html)
        source_put_html(&question->facts, question->dutch,
                        reply_body(&question->reply, 200, "text/html; charset=utf-8"));
    else
        source_put_json(&question->facts, reply_body(&question->reply, 200, "application/json"));
    source_facts_free(&question->facts);
}

static void on_worked_out(void *ctx) {
    struct page_question *question = ctx;
    question->pages->at_work[question->place] = NULL;
    if (question->html) {
        source_put_policy(question->policy);
        reply_header(&question->reply, "Content-Security-Policy", question->policy);
        reply_header(&question->reply, "Content-Language", question->dutch ? "nl" : "en");
        reply_header(&question->reply, "Referrer-Policy", "no-referrer");
    }
    reply_header(&question->reply, "Vary", "Accept, Accept-Language, Authorization");
    http_send(question->request, &question->reply);
    sources_unref(question->sources);
    tables_unref(question->tables);
    free(question);
}

static bool find_place(const struct source_pages *pages, const char *name, size_t *place) {
    *place = SOURCE_PAGES_MAX;
    for (size_t i = 0; i < SOURCE_PAGES_MAX; i++) {
        if (!pages->at_work[i])
            *place = i;
        else if (strcmp(pages->at_work[i], name) == 0)
            return false;
    }
    return *place < SOURCE_PAGES_MAX;
}

bool source_page_ask(struct source_pages *pages, struct http_request *request,
                     struct sources *sources, struct tables *tables, const struct source *source) {
    size_t place;
    if (!find_place(pages, source->name, &place))
        return false;
    struct page_question *question = mem_zalloc(1, sizeof *question);
    *question = (struct page_question){.pages = pages,
                                       .place = place,
                                       .request = request,
                                       .sources = sources_ref(sources),
                                       .tables = tables_ref(tables)};
    question->facts =
        (struct source_facts){.ledger = pages->ledger,
                              .sources = sources,
                              .tables = tables,
                              .source = source,
                              .rounding_base = pages->config->disclosure_rounding_base,
                              .now_ms = loop_wall_ms()};
    struct str accept = http_header_value(request, "Accept");
    struct str language = http_header_value(request, "Accept-Language");
    question->html = accept_type(accept, "text/html") > accept_type(accept, "application/json");
    question->dutch = accept_language(language, "nl") >= accept_language(language, "en");
    pages->at_work[place] = source->name;
    (void)feeds_view(pages->feeds, str_from(source->name), take_view, &question->facts.feed);
    pipeline_work(pages->pipeline, work_out, on_worked_out, question);
    return true;
}
