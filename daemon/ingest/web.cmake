# SPDX-License-Identifier: EUPL-1.2
# cmake -DFROM=FILE -DTO=FILE.c -P web.cmake: the style of a source's own page as an array of bytes.
file(READ ${FROM} bytes HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "// Made of ${FROM} by web.cmake.
#include \"ingest/source_private.h\"

const char source_style[] = {${bytes}0};
")
