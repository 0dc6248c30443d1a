# Sources of src/statistics.
target_sources(nxc_objects PRIVATE
)
