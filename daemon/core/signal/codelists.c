// SPDX-License-Identifier: EUPL-1.2
// Lists of folded words, each sorted by bytes so that it can be halved. A word that is in no list
// is for the caller to count: nothing is guessed.
#include "core/signal/codelists.h"

#include "core/signal/synonyms.h"

#include <stdlib.h>
#include <string.h>

#define LIST(words, value)                                                                         \
    { words, sizeof(words) / sizeof(words)[0], value }

struct codelist {
    const char *const *words;
    size_t count;
    unsigned value;
};

static int compare(const void *word, const void *place) {
    return strcmp(word, *(const char *const *)place);
}

static bool find(const struct codelist *lists, size_t count, struct str word, unsigned *value) {
    char folded[STR_FOLDED_MAX];
    if (synonyms_fold(word, folded) == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (bsearch(folded, lists[i].words, lists[i].count, sizeof(char *), compare)) {
            *value = lists[i].value;
            return true;
        }
    return false;
}

static const char *const unmapped[] = {"niet bekend",
                                       "niet geregistreerd",
                                       "niet gespecificeerd",
                                       "non specified unknown",
                                       "nonspecifiedunknown",
                                       "not known",
                                       "not registered",
                                       "not specified",
                                       "onbekend",
                                       "unknown",
                                       "unspecified"};
static const char *const feminine[] = {"f", "female", "feminine",   "girl", "meisje",
                                       "v", "vrouw",  "vrouwelijk", "woman"};
static const char *const masculine[] = {"boy", "jongen",    "m",        "male",
                                        "man", "mannelijk", "masculine"};
static const char *const trans_feminine[] = {
    "trans female",      "trans vrouw",       "trans woman",         "transgender feminine",
    "transgender vrouw", "transgender woman", "transgenderfeminine", "transgendervrouw",
    "transvrouw",        "transwoman"};
static const char *const trans_masculine[] = {"trans male",      "trans man",
                                              "transgender man", "transgender masculine",
                                              "transgenderman",  "transgendermasculine",
                                              "transman"};
static const char *const non_conforming[] = {"gender neutraal",
                                             "gender non conforming",
                                             "genderneutraal",
                                             "gendernonconforming",
                                             "non binair",
                                             "non binary",
                                             "non conforming",
                                             "nonbinair",
                                             "nonbinary",
                                             "nonconforming",
                                             "trans transgender nonconforming",
                                             "x"};
// O as in the Dutch registers: onbekend
static const char *const gender_unknown[] = {"o"};

static const struct codelist genders[] = {
    LIST(masculine, GENDER_MASCULINE),
    LIST(feminine, GENDER_FEMININE),
    LIST(trans_feminine, GENDER_TRANS_FEMININE),
    LIST(trans_masculine, GENDER_TRANS_MASCULINE),
    LIST(non_conforming, GENDER_NON_CONFORMING),
    LIST(gender_unknown, GENDER_UNKNOWN),
    LIST(unmapped, GENDER_UNKNOWN),
};

// With the age bands of CTDC's files, which fold from "9--17" to "9 17".
static const char *const minor_words[] = {"0 17",        "0 8",           "9 17",     "child",
                                          "jeugdige",    "jonger dan 18", "juvenile", "kind",
                                          "minderjarig", "minderjarige",  "minor",    "minors",
                                          "onder 18",    "onder de 18",   "under 18", "underage"};
static const char *const adult_words[] = {
    "18 20",       "18 and over",  "18 en ouder",   "18 jaar en ouder",
    "18 of ouder", "18 or older",  "18 plus",       "21 23",
    "24 26",       "27 29",        "30 38",         "39 47",
    "48",          "48 plus",      "adult",         "adults",
    "boven 18",    "meerderjarig", "meerderjarige", "over 18",
    "volwassen",   "volwassene"};

static const struct codelist age_groups[] = {
    LIST(minor_words, AGE_MINOR),
    LIST(adult_words, AGE_ADULT),
    LIST(unmapped, AGE_UNKNOWN),
};

// ISO 3166-1 codes, sorted, each followed by a space. The Kingdom has one nationality, so its other
// countries are NL; the people of France's territories, AX and GL hold a member's nationality. Who
// was a member when stands in eu_times. EL and UK are the EU's own codes for Greece and the United
// Kingdom, XK is its code for Kosovo.
static const char nl_alpha2[] = "aw bq cw nl sx ";
static const char eu_alpha2[] =
    "at ax be bg bl cy cz de dk ee es fi fr gf gl gp gr hr hu ie it lt lu lv mf mq mt nc "
    "pf pl pm pt re ro se si sk tf wf yt ";
static const char non_eu_alpha2[] =
    "ad ae af ag ai al am ao aq ar as au az ba bb bd bf bh bi bj bm bn bo br bs bt bv bw by "
    "bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cx dj dm do dz ec eg eh er et fj fk fm "
    "fo ga gb gd ge gg gh gi gm gn gq gs gt gu gw gy hk hm hn ht id il im in io iq ir is je "
    "jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls ly ma mc md me mg mh mk "
    "ml mm mn mo mp mr ms mu mv mw mx my mz na ne nf ng ni no np nr nu nz om pa pe pg ph pk "
    "pn pr ps pw py qa rs ru rw sa sb sc sd sg sh sj sl sm sn so sr ss st sv sy sz tc td tg "
    "th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu ws xk ye "
    "za zm zw ";
// Those that joined after 2000 or left: a time in the EU, first and last day. Gibraltar, the
// Channel Islands and the Isle of Man have British citizens.
static const struct {
    const char *codes;
    size_t size;
    int32_t first, last;
} eu_times[] = {
    {"cy cz ee hu lt lv mt pl si sk ", 30, 12539, INT32_MAX}, // 2004-05-01
    {"bg ro ", 6, 13514, INT32_MAX},                          // 2007-01-01
    {"hr ", 3, 15887, INT32_MAX},                             // 2013-07-01
    {"gb gg gi im je ", 15, INT32_MIN, 18292},                // 2020-01-31
};
// The EU's own codes, and the alpha-3 codes, each with its alpha-2.
static const char own_of_eu[] = "elgr ukgb ";
static const char alpha3[] =
    "abwaw afgaf agoao aiaai alaax albal andad areae argar armam asmas ataaq atftf atgag "
    "ausau autat azeaz bdibi belbe benbj besbq bfabf bgdbd bgrbg bhrbh bhsbs bihba blmbl "
    "blrby blzbz bmubm bolbo brabr brbbb brnbn btnbt bvtbv bwabw cafcf canca cckcc chech "
    "chlcl chncn civci cmrcm codcd cogcg cokck colco comkm cpvcv cricr cubcu cuwcw cxrcx "
    "cymky cypcy czecz deude djidj dmadm dnkdk domdo dzadz ecuec egyeg erier esheh espes "
    "estee ethet finfi fjifj flkfk frafr frofo fsmfm gabga gbrgb geoge ggygg ghagh gibgi "
    "gingn glpgp gmbgm gnbgw gnqgq grcgr grdgd grlgl gtmgt gufgf gumgu guygy hkghk hmdhm "
    "hndhn hrvhr htiht hunhu idnid imnim indin iotio irlie irnir irqiq islis isril itait "
    "jamjm jeyje jorjo jpnjp kazkz kenke kgzkg khmkh kirki knakn korkr kwtkw laola lbnlb "
    "lbrlr lbyly lcalc lieli lkalk lsols ltult luxlu lvalv macmo mafmf marma mcomc mdamd "
    "mdgmg mdvmv mexmx mhlmh mkdmk mliml mltmt mmrmm mneme mngmn mnpmp mozmz mrtmr msrms "
    "mtqmq musmu mwimw mysmy mytyt namna nclnc nerne nfknf ngang nicni niunu nldnl norno "
    "nplnp nrunr nzlnz omnom pakpk panpa pcnpn perpe phlph plwpw pngpg polpl pripr prkkp "
    "prtpt prypy pseps pyfpf qatqa reure rouro rusru rwarw sausa sdnsd sensn sgpsg sgsgs "
    "shnsh sjmsj slbsb slesl slvsv smrsm somso spmpm srbrs ssdss stpst sursr svksk svnsi "
    "swese swzsz sxmsx sycsc syrsy tcatc tcdtd tgotg thath tjktj tkltk tkmtm tlstl tonto "
    "ttott tuntn turtr tuvtv twntw tzatz ugaug ukrua umium uryuy usaus uzbuz vatva vctvc "
    "venve vgbvg virvi vnmvn vutvu wlfwf wsmws xkxxk yemye zafza zmbzm zwezw ";

static const char *const dutch[] = {"dutch",       "nederland",   "nederlander",    "nederlands",
                                    "nederlandse", "netherlands", "the netherlands"};
static const char *const eu[] = {"eu",           "eu burger",      "eu citizen",
                                 "eu onderdaan", "european union", "europese unie",
                                 "other eu",     "overig eu",      "overige eu"};
// stateless people are treated as nationals of third countries (TFEU, article 67)
static const char *const non_eu[] = {
    "buiten de eu",   "buiten eu", "derde land", "derdelander",   "niet eu",
    "niet eu burger", "non eu",    "noneu",      "outside eu",    "outside the eu",
    "staatloos",      "staatloze", "stateless",  "third country", "third country national"};

static const struct codelist citizenships[] = {
    LIST(dutch, CITIZENSHIP_NL),
    LIST(eu, CITIZENSHIP_EU),
    LIST(non_eu, CITIZENSHIP_NON_EU),
    LIST(unmapped, CITIZENSHIP_UNKNOWN),
};

static const char *const possible[] = {"mogelijk",
                                       "mogelijk slachtoffer",
                                       "possible",
                                       "possible victim of trafficking",
                                       "possiblevictimoftrafficking",
                                       "presumed",
                                       "suspected",
                                       "vermoedelijk",
                                       "vermoedelijk slachtoffer"};
static const char *const confirmed[] = {"actual victim of trafficking",
                                        "actualvictimoftrafficking",
                                        "bevestigd",
                                        "confirmed",
                                        "identified",
                                        "identified victim",
                                        "vastgesteld"};
static const char *const rejected[] = {"afgewezen",
                                       "geen slachtoffer",
                                       "not a victim",
                                       "not a victim of trafficking",
                                       "notavictimoftrafficking",
                                       "rejected"};

static const struct codelist statuses[] = {
    LIST(possible, STATUS_POSSIBLE),
    LIST(confirmed, STATUS_CONFIRMED),
    LIST(rejected, STATUS_REJECTED),
};

static const char *const given[] = {"1", "gegeven", "given", "ja", "toestemming", "true", "yes"};
static const char *const withheld[] = {"0",           "false",   "geen toestemming", "geweigerd",
                                       "ingetrokken", "nee",     "niet gegeven",     "no",
                                       "not given",   "refused", "withdrawn",        "withheld"};

static const struct codelist consents[] = {LIST(given, true), LIST(withheld, false)};

enum { ALPHA2_LEN = 2, ALPHA3_LEN = 3 };

#define FIND(lists, word, value) find(lists, sizeof(lists) / sizeof(lists)[0], word, value)

bool codelist_gender(struct str word, enum gender *out) {
    unsigned value;
    if (!FIND(genders, word, &value))
        return false;
    *out = (enum gender)value;
    return true;
}

bool codelist_age_group(struct str word, enum age_group *out) {
    unsigned value;
    if (!FIND(age_groups, word, &value))
        return false;
    *out = (enum age_group)value;
    return true;
}

static int compare_code(const void *word, const void *place) {
    return memcmp(word, place, strlen(word));
}

// The entry that begins with `code` in a list of entries of `width` characters and a space.
static const char *find_code(const char *codes, size_t size, const char *code, size_t width) {
    return bsearch(code, codes, size / (width + 1), width + 1, compare_code);
}

bool codelist_country(struct str word, char out[ALPHA2_LEN + 1]) {
    static const struct {
        const char *codes;
        size_t size, len, alpha2_at; // length of a code, and where its alpha-2 stands in its entry
    } lists[] = {
        {nl_alpha2, sizeof nl_alpha2 - 1, ALPHA2_LEN, 0},
        {eu_alpha2, sizeof eu_alpha2 - 1, ALPHA2_LEN, 0},
        {non_eu_alpha2, sizeof non_eu_alpha2 - 1, ALPHA2_LEN, 0},
        {own_of_eu, sizeof own_of_eu - 1, ALPHA2_LEN, ALPHA2_LEN},
        {alpha3, sizeof alpha3 - 1, ALPHA3_LEN, ALPHA3_LEN},
    };
    char folded[STR_FOLDED_MAX];
    size_t len = synonyms_fold(word, folded);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t at = lists[i].alpha2_at, width = at + ALPHA2_LEN;
        const char *entry =
            lists[i].len == len ? find_code(lists[i].codes, lists[i].size, folded, width) : NULL;
        if (!entry)
            continue;
        memcpy(out, entry + at, ALPHA2_LEN);
        out[ALPHA2_LEN] = '\0';
        return true;
    }
    return false;
}

static bool is_member(const char *code, int32_t day) {
    for (size_t i = 0; i < sizeof eu_times / sizeof eu_times[0]; i++)
        if (find_code(eu_times[i].codes, eu_times[i].size, code, ALPHA2_LEN))
            return eu_times[i].first <= day && day <= eu_times[i].last;
    return find_code(eu_alpha2, sizeof eu_alpha2 - 1, code, ALPHA2_LEN) != NULL;
}

static bool find_country(struct str word, int32_t day, enum citizenship *out) {
    char code[ALPHA2_LEN + 1];
    if (!codelist_country(word, code))
        return false;
    if (find_code(nl_alpha2, sizeof nl_alpha2 - 1, code, ALPHA2_LEN))
        *out = CITIZENSHIP_NL;
    else if (is_member(code, day))
        *out = CITIZENSHIP_EU;
    else
        *out = CITIZENSHIP_NON_EU;
    return true;
}

bool codelist_citizenship(struct str word, int32_t day, enum citizenship *out) {
    unsigned value;
    if (find_country(word, day, out))
        return true;
    if (!FIND(citizenships, word, &value))
        return false;
    *out = (enum citizenship)value;
    return true;
}

bool codelist_is_unknown(struct str word) {
    static const struct codelist list[] = {LIST(unmapped, 0)};
    unsigned value;
    return FIND(list, word, &value);
}

bool codelist_status(struct str word, enum status *out) {
    unsigned value;
    if (!FIND(statuses, word, &value))
        return false;
    *out = (enum status)value;
    return true;
}

bool codelist_consent(struct str word, bool *given_out) {
    unsigned value;
    if (!FIND(consents, word, &value))
        return false;
    *given_out = value;
    return true;
}
