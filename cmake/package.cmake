# Where things are installed, the pkg-config and CMake package files, and the
# Debian packages: lib (run time), dev (header, static library, package files),
# tools (the command and its manual).
include(CMakePackageConfigHelpers)
set(NXC_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/nextcall)

install(TARGETS nextcall_shared nextcall_static EXPORT nextcall
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT lib
                NAMELINK_COMPONENT dev
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES docs/man/nxc_encoder.3 COMPONENT dev
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES include/nextcall/nextcall.h include/nextcall/learn.h COMPONENT dev
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nextcall)
install(EXPORT nextcall NAMESPACE nextcall:: FILE nextcallTargets.cmake
        DESTINATION ${NXC_CMAKE_DIR} COMPONENT dev)
configure_package_config_file(cmake/nextcallConfig.cmake.in
  ${PROJECT_BINARY_DIR}/nextcallConfig.cmake
  INSTALL_DESTINATION ${NXC_CMAKE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/nextcallConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nextcallConfig.cmake
        ${PROJECT_BINARY_DIR}/nextcallConfigVersion.cmake
        DESTINATION ${NXC_CMAKE_DIR} COMPONENT dev)

set(NXC_PC_REQUIRES "yaml-0.1 libutf8proc libxxhash libcrypto sqlite3 zlib")
if(NXC_SYSTEM_YYJSON)
  string(APPEND NXC_PC_REQUIRES " yyjson")
endif()
# Relative to the file itself: the installed tree can be moved.
file(RELATIVE_PATH NXC_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" NXC_PC_UP ${NXC_PC_UP})
configure_file(cmake/nextcall.pc.in ${PROJECT_BINARY_DIR}/nextcall.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/nextcall.pc COMPONENT dev
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS nextcall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        COMPONENT tools)
nxc_man_pages(nextcall)
# What "nextcall model fetch" runs: <bin>/../libexec/nextcall/tools/model-fetch.
install(PROGRAMS tools/model-fetch tools/fetch tools/cache.sh
        DESTINATION libexec/nextcall/tools COMPONENT tools)
install(FILES cmake/deps.lock DESTINATION libexec/nextcall/cmake
        COMPONENT tools)
foreach(component lib dev tools)
  set(doc libnextcall${PROJECT_VERSION_MAJOR})
  if(component STREQUAL dev)
    set(doc libnextcall-dev)
  elseif(component STREQUAL tools)
    set(doc nextcall)
  endif()
  install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${doc}
          COMPONENT ${component})
endforeach()
install(FILES README.md CHANGELOG.md examples/rank.c examples/library.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libnextcall-dev COMPONENT dev)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR Nextcall)
set(CPACK_PACKAGE_CONTACT "Nextcall maintainers <maintainers@nextcall.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Ranks the operations of an API for a prompt and the calls made so far, in process, in C.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL lib dev tools)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIB_PACKAGE_NAME libnextcall${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libnextcall-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libnextcall${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION}), libyaml-dev, libutf8proc-dev, libxxhash-dev, libssl-dev, libsqlite3-dev, zlib1g-dev")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME nextcall)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS "python3, python3-pip")
include(CPack)
