// SPDX-License-Identifier: EUPL-1.2
// What a source is told of itself, as one page for people: no script, nothing from elsewhere, and a
// policy that lets only its own style in. It says what the JSON says. Every text that is not ours
// is escaped; sentences about faults are in English on either page, and marked so.
#include "base/hash.h"
#include "codec/event.h"
#include "codec/explain.h"
#include "source_private.h"

#include <string.h>

struct html_page {
    const struct source_facts *facts;
    struct buf *out;
    bool dutch;
};

#define BOTH(nl, en) (w->dutch ? (nl) : (en))

static void put(const struct html_page *w, const char *html) {
    buf_puts(w->out, html);
}

static void put_text(const struct html_page *w, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '&':
            put(w, "&amp;");
            break;
        case '<':
            put(w, "&lt;");
            break;
        case '>':
            put(w, "&gt;");
            break;
        case '"':
            put(w, "&quot;");
            break;
        default:
            buf_putc(w->out, *text);
        }
    }
}

static void put_element(const struct html_page *w, const char *open, const char *text,
                        const char *close) {
    put(w, open);
    put_text(w, text);
    put(w, close);
}

static void put_day(const struct html_page *w, int64_t ms) {
    char date[TIME_DATE_MAX];
    if (!ms) {
        put(w, BOTH("nooit", "never"));
        return;
    }
    time_format_date(time_amsterdam_day(ms), date);
    buf_printf(w->out, "<time datetime=\"%s\">%s</time>", date, date);
}

static void put_fact(const struct html_page *w, const char *name, int64_t ms) {
    put_element(w, "<dt>", name, "</dt><dd>");
    put_day(w, ms);
    put(w, "</dd>\n");
}

static void open_table(const struct html_page *w, const char *caption) {
    put_element(w, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"", caption,
                "\"><table>");
    put_element(w, "<caption>", caption, "</caption><thead><tr>");
}

static void put_head(const struct html_page *w, const char *name, bool text) {
    put_element(w, text ? "<th scope=\"col\" class=\"text\">" : "<th scope=\"col\">", name,
                "</th>");
}

static void close_table(const struct html_page *w) {
    put(w, "</tbody></table></div>\n");
}

static const char *state_text(const struct html_page *w) {
    switch (w->facts->feed.state) {
    case FEED_PUSH:
        return BOTH("u stuurt zelf", "you post");
    case FEED_FAILING:
        return BOTH("wij halen op; de laatste keer mislukte", "we poll; the last time failed");
    case FEED_BACKING_OFF:
        return BOTH("wij halen op; het mislukt al enige tijd",
                    "we poll; it has failed for a while");
    case FEED_PAUSED:
        return BOTH("wij halen nu niet op", "we do not poll now");
    default:
        return BOTH("wij halen op", "we poll");
    }
}

static void put_contact(const struct html_page *w) {
    const struct source_feed *feed = &w->facts->feed;
    const struct feed_record *record = &feed->record;
    put_element(w, "<h2>", BOTH("Contact", "Contact"), "</h2>\n<dl>");
    put_element(w, "<dt>", BOTH("Hoe", "How"), "</dt><dd>");
    put_element(w, "", state_text(w), "</dd>\n");
    put_fact(w, BOTH("Laatste contact", "Last contact"), record->contact_ms);
    put_fact(w, BOTH("Laatste nieuwe signaal", "Last new signal"), record->signal_ms);
    if (*feed->failure) {
        put_element(w, "<dt>", BOTH("Waarom het mislukte", "Why it failed"), "</dt>");
        put_element(w, "<dd lang=\"en\">", feed->failure, "</dd>\n");
    }
    put(w, "</dl>\n");
    if (!record->silent)
        return;
    put_element(w, "<p class=\"warn\">",
                BOTH("U telt als stil sinds ", "You count as silent since "), "");
    put_day(w, record->signal_ms ? record->signal_ms : record->first_ms);
    put(w, ".</p>\n");
}

static void put_months(const struct html_page *w) {
    char text[PERIOD_TEXT_MAX];
    put_element(w, "<h2>", BOTH("Wat er van uw signalen werd", "What became of your signals"),
                "</h2>\n");
    open_table(w, BOTH("Per maand van ontvangst", "By month of receipt"));
    put_head(w, BOTH("Maand", "Month"), true);
    put_head(w, BOTH("Geregistreerd", "Registered"), false);
    put_head(w, BOTH("Verbeterd", "Corrected"), false);
    put_head(w, BOTH("Ingetrokken", "Withdrawn"), false);
    put_head(w, BOTH("Geweigerd", "Refused"), false);
    put(w, "</tr></thead><tbody>\n");
    for (size_t i = SOURCE_MONTHS; i-- > 0;) {
        const struct source_month *month = &w->facts->months[i];
        period_format(&(struct period){month->month, (uint16_t)(month->month + 1)}, text);
        buf_printf(w->out,
                   "<tr><th scope=\"row\">%s</th><td>%u</td><td>%u</td><td>%u</td><td>%u</td></tr>"
                   "\n",
                   text, month->registered, month->corrected, month->withdrawn, month->refused);
    }
    close_table(w);
    put_element(w, "<p class=\"soft\">",
                BOTH("Geweigerd: wat u stuurde en wij niet konden aannemen, elke keer dat het "
                     "kwam, en wat wij ophaalden en niet konden lezen, in de maand waarin het "
                     "voor het eerst kwam.",
                     "Refused: what you posted and we could not take, each time that it came, and "
                     "what we polled and could not read, in the month in which it first came."),
                "</p>\n");
}

static void put_reason(const struct html_page *w, const struct quarantine_record *entry,
                       const struct quarantine_reason *reason) {
    const struct template *template = w->facts->source->template;
    const struct mapping *mapping = template && !template->native ? &template->mapping : NULL;
    const struct decode_result whole = {.fault = reason->code, .place = reason->pointer};
    char detail[EXPLAIN_MAX];
    if (entry->page)
        explain_whole(mapping, &whole, detail);
    else
        explain_fault(mapping, reason->code, reason->pointer, detail);
    put_element(w, "<div lang=\"en\">", detail, "</div>");
}

static void put_quarantine(const struct html_page *w) {
    const struct source_facts *facts = w->facts;
    put_element(w, "<h2>", BOTH("Wat wij niet konden overnemen", "What we could not take"),
                "</h2>\n");
    if (!facts->entry_count) {
        put_element(w, "<p>", BOTH("Niets.", "Nothing."), "</p>\n");
        return;
    }
    open_table(w, BOTH("De nieuwste eerst: de plaats en de reden, nooit de inhoud",
                       "The newest first: the place and the reason, never what it said"));
    put_head(w, BOTH("Uw kenmerk", "Your id"), true);
    put_head(w, BOTH("Laatst gezien", "Last seen"), true);
    put_head(w, BOTH("Keer", "Times"), false);
    put_head(w, BOTH("Waarom", "Why"), true);
    put(w, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < facts->entry_count; i++) {
        const struct quarantine_record *entry = &facts->entries[i];
        put_element(w, "<tr><th scope=\"row\">",
                    *entry->id    ? entry->id
                    : entry->page ? BOTH("de hele pagina", "the whole page")
                                  : BOTH("onbekend", "not known"),
                    "</th><td class=\"text\">");
        put_day(w, entry->last_ms);
        buf_printf(w->out, "</td><td>%u</td><td class=\"text\">", entry->times);
        for (uint8_t r = 0; r < entry->reason_count; r++)
            put_reason(w, entry, &entry->reasons[r]);
        put(w, "</td></tr>\n");
    }
    close_table(w);
}

static void put_words(const struct html_page *w) {
    const struct source_facts *facts = w->facts;
    put_element(w, "<h2>", BOTH("Woorden die geen tabel kent", "Words that no table knows"),
                "</h2>\n");
    if (!facts->word_count) {
        put_element(w, "<p>", BOTH("Geen.", "None."), "</p>\n");
        return;
    }
    open_table(w, BOTH("De vaakst gebruikte eerst", "The most often used first"));
    put_head(w, BOTH("Woord", "Word"), true);
    put_head(w, BOTH("Veld", "Field"), true);
    put_head(w, BOTH("Keer", "Times"), false);
    put_head(w, BOTH("Laatst", "Last"), true);
    put(w, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < facts->word_count; i++) {
        const struct unmapped_record *word = &facts->words[i];
        put_element(w, "<tr><th scope=\"row\">",
                    *word->view.shown ? word->view.shown
                                      : BOTH("niet getoond: misschien van een persoon",
                                             "not shown: it may be a person's"),
                    "</th>");
        put_element(w, "<td class=\"text\" lang=\"en\">", unmapped_field_name(word->field),
                    "</td>");
        buf_printf(w->out, "<td>%u</td><td class=\"text\">", word->times);
        put_day(w, word->last_ms);
        put(w, "</td></tr>\n");
    }
    close_table(w);
}

static void put_criterion(const struct html_page *w, const char *name, bool has) {
    put_element(w, "<dt>", name, "</dt>");
    put_element(w, has ? "<dd>" : "<dd class=\"warn\">",
                has ? BOTH("ja", "yes") : BOTH("nee", "no"), "</dd>\n");
}

static void put_level(const struct html_page *w) {
    const struct source_facts *facts = w->facts;
    put_element(w, "<h2>", BOTH("Het basisniveau van het CCV", "The basic level of the CCV"),
                "</h2>\n<dl>");
    put_criterion(w,
                  BOTH("Signaleert (er kwam iets in het laatste jaar)",
                       "Signals (something came in the last year)"),
                  facts->signals);
    put_criterion(w, BOTH("Heeft een aandachtsfunctionaris", "Has an official"), facts->official);
    put_criterion(w, BOTH("Heeft beleid", "Has policy"), facts->policy);
    put(w, "</dl>\n");
}

static void put_comparison(const struct html_page *w) {
    const struct source_facts *facts = w->facts;
    char period[PERIOD_TEXT_MAX];
    period_format(&facts->closed, period);
    put_element(w, "<h2>",
                BOTH("Naast gemeenten van uw grootte", "Beside municipalities of your size"),
                "</h2>\n<dl>");
    put_element(w, "<dt>", BOTH("Grootteklasse", "Size class"), "</dt>");
    put_element(w, "<dd>", facts->municipality->size_class, "</dd>\n");
    put_element(w, "<dt>", BOTH("Maanden", "Months"), "</dt>");
    put_element(w, "<dd>", period, "</dd>\n");
    put_element(w, "<dt>", BOTH("Nieuwe signalen van u", "New signals of yours"), "</dt>");
    buf_printf(w->out, "<dd>%u</dd>\n", facts->own_signals);
    put_element(w, "<dt>", BOTH("Andere gemeenten", "Other municipalities"), "</dt>");
    buf_printf(w->out, "<dd>%u</dd>\n", facts->others);
    put_element(w, "<dt>", BOTH("Nieuwe signalen van die samen", "New signals of these together"),
                "</dt><dd>");
    if (facts->others_told)
        buf_printf(w->out, BOTH("%u of meer", "%u or more"), facts->others_signals);
    else
        put(w, BOTH("te weinig gemeenten om het te zeggen", "too few municipalities to say it"));
    put(w, "</dd>\n</dl>\n");
    buf_printf(w->out,
               BOTH("<p class=\"soft\">Naar beneden afgerond op een veelvoud van %u.</p>\n",
                    "<p class=\"soft\">Rounded down to a multiple of %u.</p>\n"),
               facts->rounding_base);
}

static void put_top(const struct html_page *w) {
    const struct source_facts *facts = w->facts;
    const char *title = BOTH("Uw signalen", "Your signals");
    put(w, w->dutch ? "<!DOCTYPE html>\n<html lang=\"nl\">\n"
                    : "<!DOCTYPE html>\n<html lang=\"en\">\n");
    put(w, "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
           "<meta name=\"robots\" content=\"noindex\">");
    put_element(w, "<title>", title, ": ");
    put_element(w, "", facts->source->name, "</title>\n<style>");
    put(w, source_style);
    put_element(w, "</style></head>\n<body><main>\n<h1>", title, ": ");
    put_element(w, "", facts->municipality ? facts->municipality->name : facts->source->name,
                "</h1>\n");
    put_element(w, "<p class=\"soft\">", facts->source->name, ", ");
    put_day(w, facts->now_ms);
    put(w, "</p>\n");
}

void source_put_html(const struct source_facts *facts, bool dutch, struct buf *out) {
    const struct html_page page = {facts, out, dutch}, *w = &page;
    put_top(w);
    put_contact(w);
    put_months(w);
    put_quarantine(w);
    put_words(w);
    if (source_is_municipality(facts)) {
        put_level(w);
        put_comparison(w);
    }
    put(w, "</main></body></html>\n");
}

void source_put_policy(char policy[SOURCE_POLICY_MAX]) {
    uint8_t digest[SHA256_BYTES];
    struct buf text;
    buf_init(&text, SOURCE_POLICY_MAX - 1);
    hash_sha256(str_from(source_style), digest);
    buf_puts(&text, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "
                    "'none'; style-src 'sha256-");
    hash_put_base64(&text, (struct str){(const char *)digest, sizeof digest}, HASH_BASE64);
    buf_puts(&text, "'");
    memcpy(policy, text.data, text.len);
    policy[text.len] = '\0';
    buf_free(&text);
}
