# Sources of src/features.
target_sources(nxc_objects PRIVATE
)
