# Sources of src/ranker.
target_sources(nxc_objects PRIVATE
)
