# SPDX-License-Identifier: EUPL-1.2
# What is installed where, and the Debian packages of it: signaald, signaalctl (the tool alone, for an operator's own machine) and
# signaald-doc. `cmake --install` installs all three; `cmake --workflow --preset packages` makes build/packages/*.deb. The version and
# the date of what is in them are those of the changelog, so that the same source gives the same bytes.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

function(install_compressed component folder name file)
  set(compressed ${CMAKE_CURRENT_BINARY_DIR}/${component}/${name}.gz)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${component})
  install(CODE "execute_process(COMMAND gzip -9nc \"${file}\" OUTPUT_FILE \"${compressed}\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT ${component})
  install(FILES ${compressed} DESTINATION ${folder} COMPONENT ${component})
endfunction()

# What each package has: the licence, the changes, the manual in these sections, and what that is linked with.
function(install_package component name)
  install_compressed(${component} share/doc/${name} changelog ${CMAKE_SOURCE_DIR}/conf/deb/changelog)
  install(FILES conf/deb/copyright DESTINATION share/doc/${name} COMPONENT ${component})
  foreach(section ${ARGN})
    file(GLOB pages CONFIGURE_DEPENDS conf/man/*.${section})
    foreach(page ${pages})
      get_filename_component(page_name ${page} NAME)
      install_compressed(${component} share/man/man${section} ${page_name} ${page})
    endforeach()
  endforeach()
  if(TARGET ${name})
    set(sbom ${CMAKE_CURRENT_BINARY_DIR}/${component}/sbom.spdx.json)
    install(CODE "execute_process(COMMAND \${CMAKE_COMMAND} \"-DPROGRAM=$<TARGET_FILE:${name}>\" -DNAME=${name}
      -DVERSION=${PROJECT_VERSION} \"-DTO=${sbom}\" -P \"${CMAKE_SOURCE_DIR}/conf/deb/sbom.cmake\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT ${component})
    install(FILES ${sbom} DESTINATION share/doc/${name} COMPONENT ${component} OPTIONAL)
  endif()
endfunction()

# What operators change is put in its place only when it is not there yet; the examples are always beside the README. Of the sources
# only the header is put there.
file(GLOB examples CONFIGURE_DEPENDS conf/*.csv conf/*.txt conf/*.yaml)
file(GLOB templates CONFIGURE_DEPENDS conf/templates/*.yaml)
file(STRINGS conf/sources.csv header LIMIT_COUNT 1 REGEX "^name,")
file(CONFIGURE OUTPUT etc/sources.csv CONTENT "${header}\n" @ONLY)
set(etc ${examples} ${CMAKE_CURRENT_BINARY_DIR}/etc/sources.csv)
list(REMOVE_ITEM etc ${CMAKE_SOURCE_DIR}/conf/sources.csv)
install(DIRECTORY DESTINATION /etc/signaald/templates COMPONENT daemon)
foreach(file ${etc} ${templates})
  set(folder /etc/signaald)
  if(file IN_LIST templates)
    set(folder /etc/signaald/templates)
  endif()
  get_filename_component(name ${file} NAME)
  install(CODE "
    if(NOT EXISTS \"\$ENV{DESTDIR}${folder}/${name}\")
      file(INSTALL \"${file}\" DESTINATION ${folder})
    endif()" COMPONENT daemon)
  string(APPEND conffiles ${folder}/${name}\n)
endforeach()

file(GLOB units CONFIGURE_DEPENDS systemd/*.service systemd/*.socket)
install(TARGETS signaald RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT daemon)
install(FILES ${units} DESTINATION lib/systemd/system COMPONENT daemon)
install(FILES conf/signaald.catalog DESTINATION lib/systemd/catalog COMPONENT daemon)
install(FILES systemd/signaald.sysusers DESTINATION lib/sysusers.d RENAME signaald.conf COMPONENT daemon)
install_package(daemon signaald 5 8)

install(TARGETS signaalctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ctl)
install(FILES conf/completions/signaalctl.bash DESTINATION share/bash-completion/completions RENAME signaalctl COMPONENT ctl)
install(FILES conf/completions/signaalctl.zsh DESTINATION share/zsh/vendor-completions RENAME _signaalctl COMPONENT ctl)
install_package(ctl signaalctl 1)

install(DIRECTORY conf/doc/ DESTINATION share/doc/signaald COMPONENT doc)
install(FILES README.md DESTINATION share/doc/signaald COMPONENT doc)
install(DIRECTORY conf/api conf/grafana conf/prometheus DESTINATION share/signaald COMPONENT doc)
install(DIRECTORY conf/examples/ DESTINATION share/doc/signaald/examples USE_SOURCE_PERMISSIONS COMPONENT doc)
install(DIRECTORY conf/templates DESTINATION share/doc/signaald/examples COMPONENT doc)
install(FILES ${examples} DESTINATION share/doc/signaald/examples COMPONENT doc)
install_package(doc signaald-doc)

# The packages.
foreach(file ${units})
  get_filename_component(name ${file} NAME)
  list(APPEND unit_names ${name})
endforeach()
list(JOIN unit_names " " units)
foreach(script postinst prerm postrm)
  configure_file(conf/deb/${script}.in deb/${script} @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  list(APPEND control ${CMAKE_CURRENT_BINARY_DIR}/deb/${script})
endforeach()
file(CONFIGURE OUTPUT deb/conffiles CONTENT "${conffiles}" @ONLY)
file(STRINGS conf/deb/changelog date LIMIT_COUNT 1 REGEX "^ -- ")
string(REGEX REPLACE ".*>  " "" date "${date}")
execute_process(COMMAND date -d "${date}" +%s OUTPUT_VARIABLE epoch OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(CONFIGURE OUTPUT deb/epoch.cmake CONTENT "if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} ${epoch})
endif()
" @ONLY)

set(CPACK_GENERATOR DEB)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_BINARY_DIR}/deb/epoch.cmake)
set(CPACK_COMPONENTS_ALL daemon ctl doc)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/conf/deb/modes.cmake)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "signaald maintainers <signaald@beheer.example>" CACHE STRING "Who answers for the packages")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SOURCE signaald)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME signaald)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS signaald-doc)
set(CPACK_COMPONENT_DAEMON_DEPENDS ctl)
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA ${control} ${CMAKE_CURRENT_BINARY_DIR}/deb/conffiles)
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_DAEMON_DESCRIPTION "intake, counts and publication of signals of trafficking
Municipal systems post signals of possible human trafficking to this daemon, or
it polls them. It normalises and deduplicates the signals, keeps exact running
counts by region and category, and publishes each change once on a Kafka topic.
.
It drops free text and unknown fields at the door, and persons become keyed
pseudonyms before anything is written.")
set(CPACK_DEBIAN_CTL_PACKAGE_NAME signaalctl)
set(CPACK_DEBIAN_CTL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_CTL_PACKAGE_SUGGESTS gnumeric)
set(CPACK_COMPONENT_CTL_DESCRIPTION "look into a running signaald
The tool of the operators of signaald, the daemon that collects signals of
possible human trafficking: counts, trend, coverage, what became of a signal,
and the import of spreadsheets.")
set(CPACK_DEBIAN_DOC_PACKAGE_NAME signaald-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_COMPONENT_DOC_DESCRIPTION "documentation and examples of signaald
Guides for who operates signaald, delivers signals to it, reads its Kafka
topics or uses its statistics; the OpenAPI and AsyncAPI documents and JSON
schemas; and an example of each file that operators write.")
include(CPack)
