# A thin front for CMake; see make help.
.PHONY: all
all:
	@cmake --preset release >/dev/null && cmake --build --preset release
