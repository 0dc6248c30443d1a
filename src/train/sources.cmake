# Sources of src/train.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/lightgbm_library.c
  ${CMAKE_CURRENT_LIST_DIR}/train_data.c
  ${CMAKE_CURRENT_LIST_DIR}/train_sample.c
  ${CMAKE_CURRENT_LIST_DIR}/trainer.c
)
