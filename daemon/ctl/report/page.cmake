# SPDX-License-Identifier: EUPL-1.2
# cmake -DFROM=FOLDER -DTO=FILE.c -P page.cmake: page.html with style.css in it, and words.js and report.js as one script, as an
# array of bytes. The page's policy runs that script by its hash and no other.
foreach(part page.html style.css words.js report.js)
  file(READ ${FROM}/${part} ${part})
endforeach()
string(PREPEND report.js "\n${words.js}\n")
string(SHA256 hash "${report.js}")
string(APPEND hash "00") # 33 bytes are 44 letters of base64; the last one stands for the added byte
set(letters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
set(base64 "")
foreach(place RANGE 0 63 3)
  string(SUBSTRING "${hash}" ${place} 3 digits)
  math(EXPR high "0x${digits} >> 6")
  math(EXPR low "0x${digits} & 63")
  string(SUBSTRING "${letters}" ${high} 1 high)
  string(SUBSTRING "${letters}" ${low} 1 low)
  string(APPEND base64 "${high}${low}")
endforeach()
string(SUBSTRING "${base64}" 0 43 base64)
string(REPLACE "{{hash}}" "${base64}=" page "${page.html}")
string(REPLACE "{{style}}" "${style.css}" page "${page}")
string(REPLACE "{{script}}" "${report.js}" page "${page}")
file(WRITE ${TO}.html "${page}")
file(READ ${TO}.html bytes HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "// Made of ${FROM} by page.cmake.
#include \"ctl/report/report.h\"

const char report_template[] = {${bytes}0};
")
