// SPDX-License-Identifier: EUPL-1.2
// The safety regions by their number. They are laid down by law and have not changed since 2010, so
// they are a list here and not a table of the operator's.
#include "core/tables/regions.h"

static const char *const safety_names[] = {
    "Groningen",
    "Fryslân",
    "Drenthe",
    "IJsselland",
    "Twente",
    "Noord- en Oost-Gelderland",
    "Gelderland-Midden",
    "Gelderland-Zuid",
    "Utrecht",
    "Noord-Holland-Noord",
    "Zaanstreek-Waterland",
    "Kennemerland",
    "Amsterdam-Amstelland",
    "Gooi en Vechtstreek",
    "Haaglanden",
    "Hollands-Midden",
    "Rotterdam-Rijnmond",
    "Zuid-Holland-Zuid",
    "Zeeland",
    "Midden- en West-Brabant",
    "Brabant-Noord",
    "Brabant-Zuidoost",
    "Limburg-Noord",
    "Zuid-Limburg",
    "Flevoland",
};

struct str regions_safety_name(uint8_t number) {
    bool known = number >= 1 && number <= sizeof safety_names / sizeof *safety_names;
    return known ? str_from(safety_names[number - 1]) : (struct str){NULL, 0};
}
