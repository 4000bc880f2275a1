# Writes a C file that holds text files: cmake -DOUT=x.c -DROOT=r "-DFILES=r/a;r/b" -P embed.cmake
# Each is named by its path below the root.
# Bytes instead of string literals: those have a largest length.
set(rows "")
set(code "#include \"device/opencl/cl_source.h\"\n")
set(index 0)
foreach(path ${FILES})
  file(READ ${path} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  file(RELATIVE_PATH name ${ROOT} ${path})
  string(APPEND code "static const char text${index}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", text${index}},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND code "const struct bough__cl_file bough__cl_files[] = {\n${rows}    {0, 0}};\n")
file(WRITE ${OUT} "${code}")
