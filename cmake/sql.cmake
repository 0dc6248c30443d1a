# nxc_sql_strings(OUTPUT FILE...): each SQL file as a C string literal and a
# comma, for an initialiser. Configured anew when a file changes.
function(nxc_sql_strings output)
  set(text "/* Written by cmake/sql.cmake. */\n")
  foreach(file ${ARGN})
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY
                 CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} sql)
    string(REPLACE "\\" "\\\\" sql "${sql}")
    string(REPLACE "\"" "\\\"" sql "${sql}")
    string(REPLACE "\n" "\\n\"\n\"" sql "${sql}")
    string(APPEND text "\"${sql}\",\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT "${text}" @ONLY)
endfunction()
