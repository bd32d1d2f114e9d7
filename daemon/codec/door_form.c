// SPDX-License-Identifier: EUPL-1.2
// Names what is no table and no JSON by its first bytes, so that whoever sent it is told what it is
// and what to do. Nothing of the document is in what is told. All tables are constants.
#include "door_private.h"

#include <string.h>

#define SAVE "save the sheet as CSV (UTF-8) and send that"
#define UNPACK "unpack it, and send what is in it"
#define EXPORT "ask the system for CSV or JSON"

static const struct door_form
    workbook = {"an Excel workbook", SAVE},
    old_workbook = {"an Excel workbook (.xls)", SAVE},
    locked = {"an Office file with a password", "take the password off, " SAVE},
    office = {"an old Office file", "if it is a table, " SAVE},
    sheet = {"an OpenDocument spreadsheet", SAVE}, word = {"a Word document", EXPORT},
    slides = {"a presentation", EXPORT}, document = {"an OpenDocument file", EXPORT},
    zip = {"a ZIP archive", UNPACK}, pdf = {"a PDF", EXPORT},
    upload = {"a file that a form sends", "send the file itself as the body"},
    form_fields = {"the fields of a form", "send JSON, with Content-Type: application/json"},
    html = {"HTML", "a page for people came: look for a login or an error, or " EXPORT},
    xml = {"an XML document", EXPORT}, xml_workbook = {"an Excel workbook (XML)", SAVE},
    utf32 = {"UTF-32", "write it as UTF-8"}, binary = {"binary data", EXPORT};

static const struct {
    struct str begins;
    struct door_form form;
} magics[] = {
    {{"\x1f\x8b", 2}, {"gzip", UNPACK}},
    {{"BZh91AY&SY", 10}, {"bzip2", UNPACK}},
    {{"\xfd"
      "7zXZ\0",
      6},
     {"xz", UNPACK}},
    {{"\x28\xb5\x2f\xfd", 4}, {"zstd", UNPACK}},
    {{"7z\xbc\xaf\x27\x1c", 6}, {"a 7z archive", UNPACK}},
    {{"Rar!\x1a\x07", 6}, {"a RAR archive", UNPACK}},
    {{"{\\rtf", 5}, {"a Rich Text document", EXPORT}},
    {{"\x89PNG\r\n", 6}, {"an image", EXPORT}},
    {{"\xff\xd8\xff", 3}, {"an image", EXPORT}},
    {{"GIF8", 4}, {"an image", EXPORT}},
    {{"SQLite format 3\0", 16}, {"an SQLite database", EXPORT}},
    {{"PAR1", 4}, {"a Parquet file", EXPORT}},
    {{"Obj\x01", 4}, {"an Avro file", EXPORT}},
    {{"-----BEGIN PGP", 14}, {"an encrypted message (PGP)", "decrypt it, and send what is in it"}},
};

static bool begins_with(struct str text, struct str with) {
    return text.len >= with.len && memcmp(text.data, with.data, with.len) == 0;
}

static bool contains(struct str text, struct str what) {
    for (const char *at; text.len >= what.len; text = (struct str){at + 1, text.len - 1}) {
        at = memchr(text.data, what.data[0], text.len - what.len + 1);
        if (!at)
            break;
        text.len -= (size_t)(at - text.data);
        if (memcmp(at, what.data, what.len) == 0)
            return true;
    }
    return false;
}

// The names of what is in it stand uncompressed, in front of each and once more at its end.
static const struct door_form *form_of_zip(struct str bytes) {
    if (contains(bytes, STR("xl/workbook")))
        return &workbook;
    if (contains(bytes, STR("application/vnd.oasis.opendocument.spreadsheet")))
        return &sheet;
    if (contains(bytes, STR("application/vnd.oasis.opendocument.")))
        return &document;
    if (contains(bytes, STR("word/document")))
        return &word;
    return contains(bytes, STR("ppt/presentation")) ? &slides : &zip;
}

// A compound file names its streams in UTF-16.
static const struct door_form *form_of_compound(struct str bytes) {
    if (contains(bytes, STR("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0")))
        return &locked;
    if (contains(bytes, STR("W\0o\0r\0k\0b\0o\0o\0k\0")) || contains(bytes, STR("\0B\0o\0o\0k\0")))
        return &old_workbook;
    return contains(bytes, STR("W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0")) ? &word : &office;
}

static bool is_utf32(struct str bytes) {
    if (begins_with(bytes, STR("\xff\xfe\0\0")) || begins_with(bytes, STR("\0\0\xfe\xff")))
        return true;
    if (bytes.len < 8)
        return false;
    const char *b = bytes.data;
    bool little = b[0] && !b[1] && !b[2] && !b[3] && b[4] && !b[5] && !b[6] && !b[7];
    bool big = !b[0] && !b[1] && !b[2] && b[3] && !b[4] && !b[5] && !b[6] && b[7];
    return little || big;
}

const struct door_form *door_form_of_bytes(struct str bytes) {
    if (begins_with(bytes, STR("PK\x03\x04")) || begins_with(bytes, STR("PK\x05\x06")))
        return form_of_zip(bytes);
    if (begins_with(bytes, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")))
        return form_of_compound(bytes);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (begins_with(bytes, magics[i].begins))
            return &magics[i].form;
    if (begins_with(bytes, STR("%PDF-")))
        return &pdf;
    return is_utf32(bytes) ? &utf32 : NULL;
}

static bool begins_nocase(struct str text, const char *with) {
    size_t len = strlen(with);
    return text.len >= len && str_equal_nocase((struct str){text.data, len}, str_from(with));
}

// Of what begins with '<' and a name.
static const struct door_form *form_of_markup(struct str text) {
    static const char *const pages[] = {"<!doctype html", "<html", "<head",   "<body",
                                        "<table",         "<meta", "<script", "<div"};
    struct str begin = {text.data, text.len < 1024 ? text.len : 1024};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (begins_nocase(text, pages[i]))
            return &html;
    if (contains(begin, STR("Excel.Sheet")))
        return &xml_workbook;
    return contains(begin, STR("<html")) || contains(begin, STR("<!DOCTYPE html")) ? &html : &xml;
}

static bool is_binary(struct str text) {
    enum { SAMPLE_BYTES = 512, SHARE = 4 };
    size_t sample = text.len < SAMPLE_BYTES ? text.len : SAMPLE_BYTES, controls = 0;
    for (size_t i = 0; i < sample; i++) {
        unsigned char c = (unsigned char)text.data[i];
        controls += c < ' ' && !(c >= '\t' && c <= '\r');
    }
    return controls * SHARE > sample;
}

const struct door_form *door_form_of_text(struct str text) {
    text = str_trim(text);
    char second = text.len > 1 ? text.data[1] : '\0';
    if (text.len > 1 && text.data[0] == '<' &&
        (second == '!' || second == '?' ||
         (((unsigned char)second | 0x20) >= 'a' && ((unsigned char)second | 0x20) <= 'z')))
        return form_of_markup(text);
    return is_binary(text) ? &binary : NULL;
}

enum door_book door_book_of(const struct door_form *form) {
    return form == &workbook       ? DOOR_XLSX
           : form == &old_workbook ? DOOR_XLS
           : form == &sheet        ? DOOR_ODS
           : form == &xml_workbook ? DOOR_XML_BOOK
                                   : DOOR_NO_BOOK;
}

const struct door_form *door_form_of_type(struct str content_type) {
    static const struct {
        const char *begins;
        const struct door_form *form;
    } types[] = {
        {"application/vnd.openxmlformats-officedocument.spreadsheetml", &workbook},
        {"application/vnd.openxmlformats-officedocument.wordprocessingml", &word},
        {"application/vnd.openxmlformats-officedocument.presentationml", &slides},
        {"application/vnd.ms-excel.sheet", &workbook},
        {"application/vnd.ms-excel", &old_workbook},
        {"application/vnd.oasis.opendocument.spreadsheet", &sheet},
        {"application/vnd.oasis.opendocument.", &document},
        {"application/msword", &word},
        {"application/zip", &zip},
        {"application/x-zip-compressed", &zip},
        {"application/gzip", &magics[0].form},
        {"application/x-gzip", &magics[0].form},
        {"application/pdf", &pdf},
        {"application/xhtml+xml", &html},
        {"text/html", &html},
        {"application/xml", &xml},
        {"text/xml", &xml},
        {"application/soap+xml", &xml},
        {"multipart/form-data", &upload},
        {"application/x-www-form-urlencoded", &form_fields},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (begins_nocase(content_type, types[i].begins))
            return types[i].form;
    return NULL;
}
