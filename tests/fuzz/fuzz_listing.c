// SPDX-License-Identifier: EUPL-1.2
// Lists of folders: what is told of a file is in the text, and twice the same.
#include "codec/listing.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now_ms = 1780315200000;

struct sum {
    struct str text;
    size_t files;
    uint64_t sizes;
};

static void add(void *ctx, const struct listing_file *file) {
    struct sum *sum = ctx;
    if (file->name.len == 0 || file->name.len > LISTING_NAME_MAX || file->ms == 0 ||
        file->name.data < sum->text.data ||
        file->name.data + file->name.len > sum->text.data + sum->text.len ||
        memchr(file->name.data, '/', file->name.len))
        abort();
    sum->files++;
    sum->sizes += file->size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sum one = {.text = {(const char *)data, size}}, other = one;
    size_t bad, other_bad;
    bool good = listing_read(one.text, now_ms, add, &one, &bad);
    if (good != listing_read(other.text, now_ms, add, &other, &other_bad) || bad != other_bad ||
        one.files != other.files || one.sizes != other.sizes)
        abort();
    return 0;
}
