# SPDX-License-Identifier: EUPL-1.2
# cmake -DHEADER=H -DNAME=TEXT -DFROM=FILE[,FILE…] -DTO=FILE.c -P web.cmake: files of a page, behind each other, as an
# array of bytes that ends with a NUL and that the header declares.
set(bytes "")
string(REPLACE "," ";" files "${FROM}")
foreach(file ${files})
  file(READ ${file} one HEX)
  string(APPEND bytes "${one}")
endforeach()
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "// Made by web.cmake.
#include \"${HEADER}\"

const char ${NAME}[] = {${bytes}0};
")
