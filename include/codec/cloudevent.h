// SPDX-License-Identifier: EUPL-1.2
// A CloudEvent 1.0 that brings a signal: its attributes, and where its data is. Read from the JSON
// format (structured mode, an element of a batch) or from the headers of the HTTP protocol binding
// (binary mode). An attribute that is null in JSON is absent. Attributes that are not of the
// specification (extensions) are dropped and counted; of the others only source and id are kept.
#ifndef CODEC_CLOUDEVENT_H
#define CODEC_CLOUDEVENT_H

#include "core/signal/signal.h"

struct json_leaves;

enum { CLOUDEVENT_TEXT_MAX = 512, CLOUDEVENT_FAULTS_MAX = 16 };

struct cloudevent {
    uint32_t seen;    // attributes that are there, for those that may be there once
    uint32_t dropped; // extensions
    size_t fault_count;
    struct cloudevent_fault {
        enum fault_code code;
        const char *pointer; // a constant: "/source"
    } faults[CLOUDEVENT_FAULTS_MAX];
    struct cloudevent_text {
        size_t len;
        char text[CLOUDEVENT_TEXT_MAX];
    } source, id;    // empty when absent or at fault
    struct str data; // JSON format: one value, borrowed or of `decoded`; absent when at fault
    char *decoded;   // owned; see cloudevent_release
};

// Binary mode: an empty event, one header after the other (`name` without "ce-"), the end. A value
// is unquoted and then percent-decoded once; what is no UTF-8 then, or holds a control character,
// is a fault in whatever attribute.
void cloudevent_begin(struct cloudevent *event);
void cloudevent_take_header(struct cloudevent *event, struct str name, struct str value);
void cloudevent_end(struct cloudevent *event); // adds a fault for each attribute that is missing
// The JSON format: `object` is one JSON object. `leaves` as of json_leaf_read.
void cloudevent_read(struct cloudevent *event, struct json_leaves *leaves, struct str object);
void cloudevent_release(struct cloudevent *event); // overwrites what it owns

// Is the place of a fault an attribute of the event, and not a field of its data?
bool cloudevent_has_place(const char *pointer);
// Is data of this media type JSON? Absent: it is.
bool cloudevent_is_json(struct str media_type);

#endif
