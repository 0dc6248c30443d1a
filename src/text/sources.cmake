# Sources of src/text.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/bert_normalize.c
  ${CMAKE_CURRENT_LIST_DIR}/wordpiece.c
  ${CMAKE_CURRENT_LIST_DIR}/wordpiece_compile.c
  ${CMAKE_CURRENT_LIST_DIR}/inflection.c
  ${CMAKE_CURRENT_LIST_DIR}/ngram.c
  ${CMAKE_CURRENT_LIST_DIR}/ngram_build.c
  ${CMAKE_CURRENT_LIST_DIR}/terms.c
  ${CMAKE_CURRENT_LIST_DIR}/verbs.c
  ${CMAKE_CURRENT_LIST_DIR}/words.c
)
