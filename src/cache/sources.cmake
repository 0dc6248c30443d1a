# Sources of src/cache.
