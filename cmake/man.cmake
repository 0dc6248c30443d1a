# nxc_man_pages(TARGET), called once by cli/: after each build the command
# writes its manual (TARGET man DIR: nextcall.1, nextcall-rank.1, ...) from its
# own table of options into man/ of the build folder, from where it is
# installed. With the tests on, mandoc checks every page.
function(nxc_man_pages target)
  set(dir ${PROJECT_BINARY_DIR}/man)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E make_directory ${dir}
    COMMAND $<TARGET_FILE:${target}> man ${dir}
    COMMENT "Writing the manual" VERBATIM)
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
          COMPONENT tools FILES_MATCHING PATTERN "*.1")
  if(NXC_TESTS AND NOT NXC_SANITIZE)
    add_test(NAME man_pages COMMAND ${PROJECT_SOURCE_DIR}/tests/docs/man_pages.sh
             ${dir})
    set_tests_properties(man_pages PROPERTIES SKIP_RETURN_CODE 77 LABELS docs)
  endif()
endfunction()
