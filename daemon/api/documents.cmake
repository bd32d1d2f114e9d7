# SPDX-License-Identifier: EUPL-1.2
# cmake -DFROM=FOLDER -DTO=FILE.c -P documents.cmake: the JSON files of a folder as arrays of bytes, for api/documents.h.
file(GLOB_RECURSE files RELATIVE ${FROM} ${FROM}/*.json)
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  file(READ ${FROM}/${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char document_${number}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${file}\", document_${number}, sizeof document_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${TO} "// Made of ${FROM} by documents.cmake.
#include \"api/documents.h\"

${arrays}
const struct document documents[] = {
${rows}};
const size_t document_count = sizeof documents / sizeof documents[0];
")
