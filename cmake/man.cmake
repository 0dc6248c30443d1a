# nxc_man_pages(TARGET): after each build of the command its manual is written
# from its own tables (tools/man-pages) into man/ of the build folder, from
# where it is installed. With the tests on, mandoc checks every page.
function(nxc_man_pages target)
  set(dir ${PROJECT_BINARY_DIR}/man)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${PROJECT_SOURCE_DIR}/tools/man-pages $<TARGET_FILE:${target}> ${dir}
    COMMENT "Writing the manual" VERBATIM)
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
          COMPONENT tools FILES_MATCHING PATTERN "*.1")
endfunction()
