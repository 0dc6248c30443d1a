# Sources of src/encoder.
target_sources(nxc_objects PRIVATE
)
