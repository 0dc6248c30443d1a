# cmake -DIN=FILE -DOUT=FILE.c -P embed_model.cmake: a file as a C array.
file(READ "${IN}" bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${OUT}" "#include \"ranker/universal_model.h\"\n"
     "const unsigned char nxc__universal_model[] = {\n${bytes}};\n"
     "const size_t nxc__universal_model_size = ${size};\n")
