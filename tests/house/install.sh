#!/bin/sh
# Installs the build into a folder of its own, moves it, and builds ten lines of C against it
# outside the tree: through the CMake package, and through pkg-config.
# usage: install.sh BUILD_DIR
set -eu
work=$(mktemp -d "$1/install-XXXXXX")
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/first" >"$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/bough"
mkdir "$work/user" "$work/user/build"
cd "$work/user"

cat >user.c <<'END'
#include <bough/bough.h>
#include <stdio.h>

int main(void)
{
    struct bough_device *device = NULL;
    if (bough_device_open(&device, "c") != BOUGH_OK) {
        fprintf(stderr, "%s\n", bough_last_error());
        return 1;
    }
    printf("trains on %s\n", bough_device_info(device)->id);
    bough_device_close(&device);
    return 0;
}
END
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(bough 0.1 REQUIRED)
add_executable(user user.c)
target_link_libraries(user bough::bough)
END

cmake -S . -B build -DCMAKE_PREFIX_PATH="$work/bough" -DCMAKE_C_FLAGS="${CFLAGS-}" >/dev/null
cmake --build build >/dev/null
[ "$(./build/user)" = "trains on c" ]
echo "built and run through the CMake package"

PKG_CONFIG_PATH=$(dirname "$(find "$work/bough" -name bough.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046,SC2086 # several words are meant
${CC:-cc} ${CFLAGS-} user.c -o user $(pkg-config --cflags --libs bough) \
    -Wl,-rpath,"$(pkg-config --variable=libdir bough)"
[ "$(./user)" = "trains on c" ]
echo "built and run through pkg-config"
