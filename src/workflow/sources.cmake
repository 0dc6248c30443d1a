# Sources of src/workflow.
target_sources(nxc_objects PRIVATE
)
