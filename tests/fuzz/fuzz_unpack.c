// SPDX-License-Identifier: EUPL-1.2
// gzip. What unpacks is as long as it says and within the limit; packed once more by zlib, with
// another level, it unpacks to the same.
#include "codec/unpack.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNPACKED_MAX = 1 << 17, GZIP_ONLY = 15 + 16 };

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_again(const char *text, size_t len) {
    z_stream stream = {0};
    char *again;
    size_t again_len;
    check(deflateInit2(&stream, 1, Z_DEFLATED, GZIP_ONLY, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t max = deflateBound(&stream, len);
    char *packed = mem_alloc(max);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)max;
    check(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t packed_len = max - stream.avail_out;
    (void)deflateEnd(&stream);
    check(unpack_gzip((struct str){packed, packed_len}, len, &again, &again_len) == UNPACK_GOOD);
    check(again_len == len && memcmp(again, text, len) == 0);
    mem_wipe_free(again);
    if (len)
        check(unpack_gzip((struct str){packed, packed_len}, len - 1, &again, &again_len) ==
              UNPACK_TOO_LARGE);
    check(unpack_gzip((struct str){packed, packed_len - 1}, len, &again, &again_len) ==
          UNPACK_BROKEN);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text;
    size_t len;
    struct str packed = {(const char *)data, size};
    enum unpack_end end = unpack_gzip(packed, UNPACKED_MAX, &text, &len);
    check((end == UNPACK_GOOD) == (text != NULL) && len <= UNPACKED_MAX);
    if (end == UNPACK_GOOD)
        check_again(text, len);
    mem_wipe_free(text);
    return 0;
}
