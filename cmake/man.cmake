# nxc_man_pages(TARGET): with each build of the command its manual is written
# from its own tables (tools/man-pages) into man/ of the build folder, from
# where it is installed.
function(nxc_man_pages target)
  set(dir ${PROJECT_BINARY_DIR}/man)
  set(script ${PROJECT_SOURCE_DIR}/tools/man-pages)
  add_custom_command(OUTPUT ${dir}/written
    COMMAND ${script} $<TARGET_FILE:${target}> ${dir}
    COMMAND ${CMAKE_COMMAND} -E touch ${dir}/written
    DEPENDS ${target} ${script} COMMENT "Writing the manual" VERBATIM)
  add_custom_target(man ALL DEPENDS ${dir}/written)
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
          COMPONENT tools FILES_MATCHING PATTERN "*.1")
endfunction()
