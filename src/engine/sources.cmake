# Sources of src/engine.
target_sources(nxc_objects PRIVATE
)
