// SPDX-License-Identifier: EUPL-1.2
// What people send, as text. Before any decoder sees the bytes of a request, a page or a file, they
// pass here: a byte order mark goes, UTF-16 and Windows-1252 (which Latin-1 is a part of) become
// UTF-8, and what is no text at all is named. Bytes that are no UTF-8 may be left: they are the
// fault of the item that has them.
#ifndef CODEC_DOOR_H
#define CODEC_DOOR_H

#include "base/str.h"

// What the sender, or the operator's template, says that it is. The bytes may know better.
enum door_charset {
    DOOR_UNSAID,
    DOOR_UTF8,
    DOOR_UTF16, // which half comes first is seen
    DOOR_UTF16LE,
    DOOR_UTF16BE,
    DOOR_LATIN1,
    DOOR_LATIN9, // ISO 8859-15
};

// A workbook that somebody may make a table of.
enum door_book { DOOR_NO_BOOK, DOOR_XLSX, DOOR_XLS, DOOR_ODS, DOOR_XML_BOOK };

// What bytes are that are no text for us.
struct door_form {
    const char *name;   // "an Excel workbook"
    const char *advice; // "save the sheet as CSV": a sentence without its full stop
};

struct door {
    struct str text;              // borrowed from the body, or from `owned`
    char *owned;                  // NULL: the bytes were UTF-8
    const struct door_form *form; // what it is instead, and then there is no text; else NULL
};

// False when the Content-Type names a charset that we do not read. UNSAID without a charset.
bool door_charset_of(struct str content_type, enum door_charset *charset);

// At most three times the body is allocated. Where UTF-8 is seen it wins from a declared Latin-1;
// undeclared bytes are Latin-1 only where every one of them is evident. False with `form` set.
bool door_open(struct str body, enum door_charset declared, struct door *door) MUST_CHECK;
void door_close(struct door *door); // overwrites what it owns

// Without the byte order marks (of UTF-8) before it: each line has one where files were put
// together.
struct str door_without_marks(struct str text);

// NULL for text. By the content alone.
const struct door_form *door_form_of(struct str bytes);
// NULL is no workbook.
enum door_book door_book_of(const struct door_form *form);
// By the Content-Type that it is sent with; NULL when that says nothing.
const struct door_form *door_form_of_type(struct str content_type);

#endif
