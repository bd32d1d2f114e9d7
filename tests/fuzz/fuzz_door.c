// SPDX-License-Identifier: EUPL-1.2
// Any bytes through the door: what comes out is bounded, it is the bytes themselves where these are
// UTF-8, but for marks at the end, and it passes again as it is. The first byte says what is
// declared.
#include "codec/door.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_mark(struct str text) {
    return text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0;
}

static bool is_but_for_end_marks(struct str text, struct str body) {
    static const char marks[] = "\t\n\v\f\r \0\x1a\xef\xbb\xbf";
    if (text.len > body.len || (text.len && memcmp(text.data, body.data, text.len) != 0))
        return false;
    for (size_t i = text.len; i < body.len; i++)
        if (!memchr(marks, body.data[i], sizeof marks - 1))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct door door, again;
    enum door_charset charset;
    if (size == 0)
        return 0;
    struct str body = {(const char *)data + 1, size - 1};
    (void)door_charset_of(body, &charset);
    (void)door_form_of_type(body);
    if (!door_open(body, (enum door_charset)(data[0] % (DOOR_LATIN1 + 1)), &door)) {
        if (!*door.form->name || !*door.form->advice || door.owned)
            abort();
        return 0;
    }
    if (door.text.len > 3 * body.len || has_mark(door.text))
        abort();
    if (str_is_clean_utf8(body) && !has_mark(body) && !is_but_for_end_marks(door.text, body))
        abort();
    // Once it is text it stays that text, but for text that in turn looks like another encoding.
    if (door.owned && str_is_clean_utf8(door.text) &&
        (!door_open(door.text, DOOR_UTF8, &again) || !str_equal(door.text, again.text)))
        abort();
    if (door.owned && str_is_clean_utf8(door.text))
        door_close(&again);
    door_close(&door);
    return 0;
}
