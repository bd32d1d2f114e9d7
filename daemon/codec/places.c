// SPDX-License-Identifier: EUPL-1.2
// Notes what a body has and nobody asks for, and says which of the names may be shown. The decoders
// fill a struct places of their caller's where there is one, and spend nothing on it otherwise.
#include "codec/places.h"

#include "base/pii/scrub.h"
#include "codec/json_out.h"
#include "core/signal/synonyms.h"

#include <stdio.h>
#include <string.h>

// Words that columns and members are called by, folded; none of them is a name.
static const char known[] =
    " aangemaakt aantal aard action address adres afdeling age agegroup at"
    " behandelaar beschrijving bijlage bijlagen bijzonderheden birth birthdate"
    " birthyear bron by categorie category citizenship city code column comment"
    " commentaar comments contact country county created data date datum description"
    " details dossier email extra field gebied geboorte geboortedatum geboortejaar"
    " gemeente gender geslacht groep group herkomst id incident info ingetrokken"
    " jaar kanaal kenmerk kind kolom land leeftijd leeftijdsgroep link locatie"
    " location maand medewerker melder melding meldingsdatum meldnummer memo month"
    " municipality naam name narrative nationaliteit nationality note notes notitie"
    " notities nr number nummer occurred of omschrijving op opmerking opmerkingen"
    " organisatie origin person phone plaats place postcode prioriteit priority"
    " provincie ref reference referentie regio region remark remarks reported sekse"
    " sex soort source stad state status tag tags tekst telefoon text tijd time"
    " titel title toelichting type uitbuitingsvorm updated url van verhaal victim"
    " voorvaldatum vorm week wijk withdrawn woonplaats year"
    " ";

static const char remarks[] =
    " beschrijving bijlage bijlagen bijzonderheden comment commentaar comments"
    " description details memo narrative note notes notitie notities omschrijving"
    " opmerking opmerkingen remark remarks tekst text toelichting verhaal"
    " ";

void places_add_unknown(struct places *places, struct str name, uint32_t column) {
    struct place place = {.column = column};
    name = str_trim(name);
    place.len = (uint8_t)(name.len < PLACES_NAME_MAX ? name.len : PLACES_NAME_MAX);
    if (place.len)
        memcpy(place.name, name.data, place.len);
    for (size_t i = 0; i < places->unknown_count; i++)
        if (memcmp(&places->unknown[i], &place, sizeof place) == 0)
            return;
    if (places->unknown_count == PLACES_UNKNOWN_MAX)
        places->more = true;
    else
        places->unknown[places->unknown_count++] = place;
}

void places_see_item(struct places *places, const struct item *item) {
    const struct str texts[MAPPING_FIELDS] = {
        [MAPPING_ID] = item->id,
        [MAPPING_REPORTED] = item->reported,
        [MAPPING_OCCURRED] = item->occurred,
        [MAPPING_MUNICIPALITY] = item->municipality,
        [MAPPING_GENDER] = item->gender,
        [MAPPING_AGE] = item->age,
        [MAPPING_AGE_GROUP] = item->age_group,
        [MAPPING_BIRTH_YEAR] = item->birth_year,
        [MAPPING_CITIZENSHIP] = item->citizenship,
        [MAPPING_PERSON_NAME] = item->person.name,
        [MAPPING_BIRTH_DATE] = item->person.birth_date,
        [MAPPING_NATIONALITY] = item->person.nationality,
        [MAPPING_V_NUMBER] = item->person.v_number,
        [MAPPING_CONSENT] = item->consent,
        [MAPPING_STATUS] = item->status,
        [MAPPING_WATERMARK] = item->updated,
    };
    for (int field = 0; field < MAPPING_FIELDS; field++)
        places->seen[field] |= texts[field].data != NULL;
    places->seen[MAPPING_CATEGORY] |= item->category_count > 0;
    places->seen[MAPPING_WITHDRAWN] |= item->withdrawn;
}

// `words` have a blank before and behind each.
static bool is_among(const char *words, struct str word) {
    char wanted[STR_FOLDED_MAX + 3];
    (void)snprintf(wanted, sizeof wanted, " %.*s ", (int)word.len, word.data);
    return word.len > 0 && strstr(words, wanted);
}

// "createdAt" is two words.
static struct str split_humps(struct str name, char out[2 * PLACES_NAME_MAX]) {
    size_t len = 0;
    for (size_t i = 0; i < name.len && i < PLACES_NAME_MAX; i++) {
        bool lower_before = i > 0 && name.data[i - 1] >= 'a' && name.data[i - 1] <= 'z';
        if (lower_before && name.data[i] >= 'A' && name.data[i] <= 'Z')
            out[len++] = ' ';
        out[len++] = name.data[i];
    }
    return (struct str){out, len};
}

static bool is_made_of_known(struct str name) {
    char folded[STR_FOLDED_MAX], split[2 * PLACES_NAME_MAX];
    struct str rest = {folded, synonyms_fold(split_humps(name, split), folded)}, word;
    bool any = rest.len > 0 && name.len <= PLACES_NAME_MAX;
    while (any && str_split(&rest, ' ', &word))
        if (!is_among(known, word))
            return false;
    return any;
}

bool places_is_remark(struct str name) {
    char folded[STR_FOLDED_MAX];
    size_t len = synonyms_fold(name, folded), kept = 0;
    for (size_t i = 0; i < len; i++) // "op-\nmerking"
        if (folded[i] != ' ')
            folded[kept++] = folded[i];
    return is_among(remarks, (struct str){folded, kept});
}

static bool is_lower_word(struct str name) {
    for (size_t i = 0; i < name.len; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || name.data[i] == '_'))
            return false;
    return name.len > 0;
}

bool places_may_show(struct str name, const struct display_allowlist *allowlist, bool own) {
    struct display_view view;
    if (!str_is_clean_utf8(name))
        return false;
    if (is_made_of_known(name) || (own && is_lower_word(name) && !scrub_holds(name)))
        return true;
    allowlist_look(allowlist, name, &view);
    return view.shown[0] != '\0';
}

static void put_field(struct json_out *json, enum mapping_field field, const struct places *places,
                      const struct mapping *mapping) {
    json_open(json, '{');
    json_put_text(json, "field", mapping_field_name(field));
    json_put_text(json, "place", mapping ? mapping->rules[field].from : NULL);
    json_put_bool(json, "found", places->seen[field]);
    json_close(json, '}');
}

static void put_unknown(struct json_out *json, const struct place *place,
                        const struct display_allowlist *allowlist, bool own) {
    struct str name = {place->name, place->len};
    json_open(json, '{');
    if (place->column)
        json_put_u64(json, "column", place->column);
    json_key(json, "name");
    if (places_may_show(name, allowlist, own))
        json_string(json, name);
    else
        json_null(json);
    json_put_u64(json, "length", place->len);
    json_close(json, '}');
}

void places_put(struct json_out *json, const struct places *places, const struct mapping *mapping,
                const struct display_allowlist *allowlist, bool own) {
    json_open_key(json, "fields", '[');
    for (int field = 0; field < MAPPING_FIELDS; field++)
        if (mapping ? mapping->rules[field].from != NULL : field != MAPPING_WATERMARK)
            put_field(json, (enum mapping_field)field, places, mapping);
    json_close(json, ']');
    json_open_key(json, "unknown", '[');
    for (size_t i = 0; i < places->unknown_count; i++)
        put_unknown(json, &places->unknown[i], allowlist, own);
    json_close(json, ']');
    json_put_bool(json, "unknownMore", places->more);
}
