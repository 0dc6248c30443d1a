# Sources of src/session.
target_sources(nxc_objects PRIVATE
)
