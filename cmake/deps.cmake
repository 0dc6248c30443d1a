# Libraries: Debian packages through pkg-config; yyjson from its pinned sdist.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(NXC_YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(NXC_UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(NXC_XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(NXC_CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(NXC_SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(NXC_ZLIB REQUIRED IMPORTED_TARGET zlib)

option(NXC_SYSTEM_YYJSON "Use an installed yyjson" OFF)
if(NXC_SYSTEM_YYJSON)
  pkg_check_modules(NXC_YYJSON REQUIRED IMPORTED_TARGET yyjson)
  add_library(nxc_yyjson ALIAS PkgConfig::NXC_YYJSON)
else()
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/fetch yyjson
                  OUTPUT_VARIABLE NXC_YYJSON_SDIST RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed)
    message(FATAL_ERROR "yyjson could not be had; see the line above")
  endif()
  # An object library: its objects go into libnextcall.a and libnextcall.so,
  # so that nobody who links them needs a yyjson.
  get_filename_component(folder ${NXC_YYJSON_SDIST} NAME)
  string(REGEX REPLACE "\\.(tar\\..*|zip)$" "" folder ${folder})
  set(NXC_YYJSON_DIR ${PROJECT_BINARY_DIR}/deps/${folder}/yyjson)
  if(NOT EXISTS ${NXC_YYJSON_DIR}/yyjson.c)
    file(ARCHIVE_EXTRACT INPUT ${NXC_YYJSON_SDIST}
         DESTINATION ${PROJECT_BINARY_DIR}/deps)
  endif()
  add_library(nxc_yyjson OBJECT ${NXC_YYJSON_DIR}/yyjson.c)
  target_include_directories(nxc_yyjson SYSTEM PUBLIC ${NXC_YYJSON_DIR})
  target_compile_definitions(nxc_yyjson PUBLIC YYJSON_DISABLE_NON_STANDARD=1
                             YYJSON_DISABLE_INCR_READER=1)
  target_compile_options(nxc_yyjson PRIVATE -O2 -w)
  if(NXC_SANITIZE) # else its one file is the longest job of the build
    target_compile_options(nxc_yyjson PRIVATE -O1)
  endif()
  set(NXC_YYJSON_OBJECTS $<TARGET_OBJECTS:nxc_yyjson>)
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/cmake/deps.lock)
