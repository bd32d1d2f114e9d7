// SPDX-License-Identifier: EUPL-1.2
// One table of words for the labels that are codes of ours; a region's name is that of the table of
// municipalities. What is not known is called so in each dimension. Nothing is owned.
#include "core/cube/names.h"

#include "core/tables/regions.h"

static const struct label_words {
    enum dimension dimension;
    const char *label, *nl, *en;
} words[] = {
    {DIM_CATEGORY, "SexualExploitation", "Seksuele uitbuiting", "Sexual exploitation"},
    {DIM_CATEGORY, "ForcedLabour", "Arbeidsuitbuiting", "Forced labour"},
    {DIM_CATEGORY, "ForcedCriminality", "Criminele uitbuiting", "Forced criminality"},
    {DIM_CATEGORY, "ForcedBegging", "Gedwongen bedelarij", "Forced begging"},
    {DIM_CATEGORY, "Servitude", "Dienstbaarheid", "Servitude"},
    {DIM_CATEGORY, "OrganRemoval", "Gedwongen orgaanverwijdering", "Organ removal"},
    {DIM_CATEGORY, "ForcedMarriage", "Huwelijksdwang", "Forced marriage"},
    {DIM_CATEGORY, "ChildLabour", "Kinderarbeid", "Child labour"},
    {DIM_CATEGORY, "ForcedAdoption", "Gedwongen adoptie", "Forced adoption"},
    {DIM_CATEGORY, "Surrogacy", "Gedwongen draagmoederschap", "Forced surrogacy"},
    {DIM_CATEGORY, "ForcedMilitaryByNonStateActors", "Gedwongen strijd voor een gewapende groep",
     "Forced military service for non-state actors"},
    {DIM_CATEGORY, "Other", "Andere vorm", "Other"},
    {DIM_CATEGORY, "Unknown", "Onbekend", "Unknown"},
    {DIM_GENDER, "Unknown", "Onbekend", "Unknown"},
    {DIM_GENDER, "Feminine", "Vrouw", "Woman"},
    {DIM_GENDER, "Masculine", "Man", "Man"},
    {DIM_GENDER, "TransgenderFeminine", "Transvrouw", "Trans woman"},
    {DIM_GENDER, "TransgenderMasculine", "Transman", "Trans man"},
    {DIM_GENDER, "NonConforming", "Anders dan man of vrouw", "Gender non-conforming"},
    {DIM_AGE_GROUP, "Unknown", "Onbekend", "Unknown"},
    {DIM_AGE_GROUP, "Minor", "Minderjarig", "Minor"},
    {DIM_AGE_GROUP, "Adult", "Meerderjarig", "Adult"},
    {DIM_CITIZENSHIP, "Unknown", "Onbekend", "Unknown"},
    {DIM_CITIZENSHIP, "NL", "Nederlands", "Dutch"},
    {DIM_CITIZENSHIP, "EU", "Ander land van de EU", "Another country of the EU"},
    {DIM_CITIZENSHIP, "nonEU", "Land buiten de EU", "A country outside the EU"},
    {DIM_FOREIGN, "unknown", "Onbekend", "Unknown"},
    {DIM_FOREIGN, "no", "Nederlands", "Dutch"},
    {DIM_FOREIGN, "yes", "Niet Nederlands", "Not Dutch"},
    {DIM_SOURCE_KIND, "municipality", "Gemeente", "Municipality"},
    {DIM_SOURCE_KIND, "coa", "COA (opvang van asielzoekers)", "COA (reception of asylum seekers)"},
    {DIM_SOURCE_KIND, "care", "Zorgcoördinatie", "Care coordination"},
    {DIM_SOURCE_KIND, "police", "Politie", "Police"},
    {DIM_SOURCE_KIND, "kmar", "Koninklijke Marechaussee", "Royal Marechaussee"},
    {DIM_SOURCE_KIND, "nla", "Nederlandse Arbeidsinspectie", "Netherlands Labour Authority"},
    {DIM_SOURCE_KIND, "ngo", "Maatschappelijke organisatie", "Non-governmental organisation"},
    {DIM_SOURCE_KIND, "other", "Andere bron", "Other source"},
    {DIM_STATUS, "possible", "Mogelijk", "Possible"},
    {DIM_STATUS, "confirmed", "Bevestigd", "Confirmed"},
    {DIM_STATUS, "rejected", "Verworpen", "Rejected"},
};
enum { WORDS = sizeof words / sizeof *words };

const char *dimension_word(enum dimension d, size_t i) {
    for (size_t w = 0; w < WORDS; w++)
        if (words[w].dimension == d && i-- == 0)
            return words[w].label;
    return NULL;
}

// The number of "GM0363", "PV27" or "VR13".
static uint16_t number_of(struct str label) {
    uint64_t number;
    return label.len > 2 &&
                   str_to_u64((struct str){label.data + 2, label.len - 2}, UINT16_MAX, &number)
               ? (uint16_t)number
               : 0;
}

static const char *province_called(const struct municipalities *all, uint16_t number) {
    for (size_t i = 0; i < municipalities_count(all); i++)
        if (municipalities_at(all, i)->province == number)
            return municipalities_at(all, i)->province_name;
    return NULL;
}

static const char *municipality_called(const struct municipalities *all, uint16_t number) {
    const struct municipality *m = municipalities_by_code(all, number);
    return m ? m->name : NULL;
}

static struct str text_of(const char *text) {
    return text ? str_from(text) : (struct str){NULL, 0};
}

struct str dimension_called(enum dimension d, struct str label,
                            const struct municipalities *municipalities, bool dutch) {
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].dimension == d && str_is(label, words[i].label))
            return text_of(dutch ? words[i].nl : words[i].en);
    if (d <= DIM_SAFETY_REGION && str_is(label, "unknown"))
        return text_of(dutch ? "Onbekend" : "Unknown");
    if (d == DIM_MUNICIPALITY)
        return text_of(municipality_called(municipalities, number_of(label)));
    if (d == DIM_PROVINCE)
        return text_of(province_called(municipalities, number_of(label)));
    if (d == DIM_SAFETY_REGION)
        return regions_safety_name((uint8_t)number_of(label));
    return (struct str){NULL, 0};
}
