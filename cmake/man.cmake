# nxc_man_pages(TARGET): the manual is written by the command from its own
# tables (tools/man-pages) into man/ of the build folder, from where it is
# installed; docs/man holds the pages of the library. The test man_pages checks
# every page with mandoc.
function(nxc_man_pages target)
  set(dir ${PROJECT_BINARY_DIR}/man)
  add_custom_command(OUTPUT ${dir}/.written
    COMMAND ${PROJECT_SOURCE_DIR}/tools/man-pages $<TARGET_FILE:${target}> ${dir}
    COMMAND ${CMAKE_COMMAND} -E touch ${dir}/.written
    DEPENDS ${target} ${PROJECT_SOURCE_DIR}/tools/man-pages
    COMMENT "Writing the manual" VERBATIM)
  add_custom_target(nxc_manual ALL DEPENDS ${dir}/.written)
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
          COMPONENT tools FILES_MATCHING PATTERN "*.1")
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5
          COMPONENT tools FILES_MATCHING PATTERN "*.5")
endfunction()
