# Sources of src/catalog.
target_sources(nxc_objects PRIVATE
)
