# Sources of src/text.
target_sources(nxc_objects PRIVATE
)
