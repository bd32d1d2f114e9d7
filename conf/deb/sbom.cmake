# SPDX-License-Identifier: EUPL-1.2
# cmake -DPROGRAM=FILE -DNAME=NAME -DVERSION=VERSION -DTO=FILE -P sbom.cmake: what the program is linked with, as SPDX 2.3.
# Each library is named by the Debian package that has it. Run at the installation; does nothing where dpkg is not.
find_program(DPKG_QUERY dpkg-query)
if(NOT DPKG_QUERY)
  return()
endif()

function(run output)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

# The packages of the libraries that the program itself names; theirs are Debian's.
run(dynamic readelf -d ${PROGRAM})
run(found ldd ${PROGRAM})
string(REGEX REPLACE "[][]" "'" dynamic "${dynamic}")
string(REGEX MATCHALL "\\(NEEDED\\)[^']*'[^']*" needed "${dynamic}")
foreach(line ${needed})
  string(REGEX REPLACE ".*'" "" library "${line}")
  string(REPLACE "." "\\." pattern "${library}")
  if(NOT found MATCHES "[ \t](/usr)?(/[^ \n]*/${pattern}) ")
    message(FATAL_ERROR "${PROGRAM}: ${library} is not there")
  endif()
  run(owner ${DPKG_QUERY} -S "*${CMAKE_MATCH_2}")
  string(REGEX REPLACE ": .*" "" owner "${owner}")
  list(APPEND owners ${owner})
endforeach()
list(SORT owners)
list(REMOVE_DUPLICATES owners)

string(TIMESTAMP created "%Y-%m-%dT%H:%M:%SZ" UTC)
set(packages "")
set(links "")
foreach(owner ${owners})
  run(fields ${DPKG_QUERY} -W -f "\${Package} \${Version} \${Architecture}" ${owner})
  string(REPLACE " " ";" fields "${fields}")
  list(GET fields 0 package)
  list(GET fields 1 version)
  list(GET fields 2 architecture)
  string(REPLACE "+" "-" id "${package}")
  string(REPLACE "+" "%2B" purl "pkg:deb/debian/${package}@${version}?arch=${architecture}")
  string(APPEND packages ",
    {\"SPDXID\": \"SPDXRef-${id}\", \"name\": \"${package}\", \"versionInfo\": \"${version}\", \"supplier\": \"Organization: Debian\",
     \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"licenseConcluded\": \"NOASSERTION\",
     \"licenseDeclared\": \"NOASSERTION\", \"copyrightText\": \"NOASSERTION\",
     \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": \"${purl}\"}]}")
  string(APPEND links ",
    {\"spdxElementId\": \"SPDXRef-program\", \"relationshipType\": \"DYNAMIC_LINK\", \"relatedSpdxElement\": \"SPDXRef-${id}\"}")
endforeach()

string(SHA256 digest "${NAME} ${VERSION} ${created} ${packages}")
file(WRITE ${TO} "{
  \"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": \"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\", \"name\": \"${NAME}-${VERSION}\",
  \"documentNamespace\": \"https://beheer.example/spdx/${NAME}-${VERSION}-${digest}\",
  \"creationInfo\": {\"created\": \"${created}\", \"creators\": [\"Organization: signaald maintainers\"]},
  \"packages\": [
    {\"SPDXID\": \"SPDXRef-program\", \"name\": \"${NAME}\", \"versionInfo\": \"${VERSION}\", \"supplier\": \"Organization: signaald maintainers\",
     \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"licenseConcluded\": \"EUPL-1.2\",
     \"licenseDeclared\": \"EUPL-1.2\", \"copyrightText\": \"NOASSERTION\"}${packages}
  ],
  \"relationships\": [
    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-program\"}${links}
  ]
}
")
