# SPDX-License-Identifier: EUPL-1.2
"""Made-up people and what identifies them, in the forms in which others write it. No statistic here is in use for what it
looks like as far as is known; none can come from a clock, a count or a table of this project."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Identifier:
    """forms: as it is sent. needles: what must be found nowhere, at least six letters or digits each once folded and
    without separators, so that chance does not make one."""
    kind: str
    forms: tuple
    needles: tuple
    attribute: str = ""  # of a person: where this belongs


def number(kind, digits, *forms, needle=None, attribute=""):
    return Identifier(kind, (digits, *forms), (needle or digits,), attribute)


def name(text, *forms, parts):
    return Identifier("name", (text, *forms), (text, *parts), "name")


def birth(iso):
    year, month, day = iso.split("-")
    forms = (iso, f"{day}-{month}-{year}", f"{year}/{month}/{day}", f"{day}/{month}/{year}", f"{day}.{month}.{year}",
             year + month + day, iso + "T00:00:00Z")
    return Identifier("birth date", forms, (iso, f"{day}-{month}-{year}"), "birthDate")


IDENTIFIERS = [
    number("BSN", "739162846", "739.162.846", "7391.62.846", "73 91 62 846"),
    number("BSN", "648391577", "648-391-577", "BSN 648391577"),
    number("BSN", "48169377", "048169377", "48.16.93.77"),
    Identifier("other digits", ("\uff17\uff13\uff19\uff11\uff16\uff12\uff18\uff14\uff16",  # full width
                                "\u0667\u0663\u0669\u0661\u0666\u0662\u0668\u0664\u0666",  # Arabic
                                "739\u2011162\u2011846", "739\u00ad162\u200b846", "ｊａｎ@voorbeeld-zorg.nl"),
               ("\u0667\u0663\u0669\u0661\u0666\u0662\u0668\u0664\u0666", "739\u2011162\u2011846",
                "739\u00ad162\u200b846", "voorbeeld-zorg")),
    number("V-number", "2841937560", "V2841937560", "284 193 7560", attribute="vNumber"),
    number("V-number", "2719384650", "V-2719384650", attribute="vNumber"),
    number("phone", "0648291735", "06-48291735", "06 48 29 17 35", "+31 6 48291735", "0031648291735", "+31(0)648291735",
           needle="648291735"),
    number("phone", "0182-573946", "(0182) 57 39 46", "+31182573946", needle="182573946"),
    number("phone", "+40721839465", "+40 721 839 465", needle="721839465"),
    Identifier("e-mail", ("floor.wezenberg@voorbeeld-opvang.nl", "FLOOR.WEZENBERG@VOORBEELD-OPVANG.NL",
                          "floor.wezenberg%40voorbeeld-opvang.nl", "mailto:floor.wezenberg@voorbeeld-opvang.nl"),
               ("floor.wezenberg@voorbeeld-opvang.nl", "floor.wezenberg", "wezenberg")),
    Identifier("e-mail", ("quirina_zand+hulp@mail.example.org",), ("quirina_zand+hulp@mail.example.org", "quirina")),
    number("IBAN", "NL45INGB0839472615", "NL45 INGB 0839 4726 15", "nl45ingb0839472615", needle="0839472615"),
    number("IBAN", "BE68539007547034", "BE68 5390 0754 7034", needle="539007547034"),
    number("plate", "GX-742-H", "GX742H", "gx 742 h"),
    number("plate", "7-TZL-38", "7TZL38", "7 tzl 38"),
    number("plate", "KV-83-61", "KV 83 61"),
    name("Žofia Kovářčíková-Brândușă", "Kovářčíková-Brândușă, Žofia", "KOVÁŘČÍKOVÁ", "kovarcikova",
         parts=("Kovářčíková", "Brândușă")),
    name("Noëlle Zwaanswijck-Ümlauff", "zwaanswijck, noëlle", parts=("Zwaanswijck", "Ümlauff", "Noëlle")),
    name("Wilhelmina van Oosterzeevink", "W. van Oosterzeevink", "OOSTERZEEVINK",
         parts=("Oosterzeevink", "Wilhelmina")),
    name("فاطمة الزهراء القحطاني", "القحطاني, فاطمة", parts=("القحطاني", "الزهراء")),
    name("Nguyễn Thị Bích Phượng", "Phượng", "nguyen thi bich phuong", parts=("Phượng", "Nguyễn")),
    birth("1983-02-27"),
    birth("1971-08-19"),
    Identifier("text", ("De vrouw uit kwizzelbroek zegt dat zwormelpants haar paspoort heeft.",
                        "zwormelpants", "Kwizzelbroek"), ("kwizzelbroek", "zwormelpants")),
    Identifier("text", ("Zij werd door vlontergast gebeld; \"grubbelnaat\" was erbij,\ttoen.\r\n=cmd|grubbelnaat",
                        "Vlontergast; grubbelnaat"), ("vlontergast", "grubbelnaat")),
    Identifier("text", ("Mw. N. Knorrefluis, geb. 27-02-1983, BSN 739162846, tel 06-48291735, GX-742-H",
                        "Knorrefluis 2841937560"), ("knorrefluis",)),
]

# Not about a person: found wherever it is looked for, or the looking is broken.
MARKER = Identifier("marker", ("leak-marker-source",), ("leak-marker-source",))

# What is known by its form, wherever it stands.
BY_FORM = ("BSN", "V-number", "phone", "e-mail", "IBAN", "plate")
