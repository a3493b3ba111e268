#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh OUTPUT: compiles the BPF programs of this folder for every architecture into the folder OUTPUT, with the Swift
# toolchain's own clang. The same sources and headers give the same bytes in whatever folder the checkout lies.
set -eu

mkdir -p "$1"
output=$(cd "$1" && pwd)
cd "$(dirname "$0")"

# Where the compiler says that it is: the swiftc in PATH may be a version manager's stand-in.
toolchain=$(swiftc -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift.*|\1/bin|p')
# The kernel's uapi headers; the types that are used are the same on both architectures.
headers=/usr/include/$(uname -m)-linux-gnu

for source in *.bpf.c; do
    for target in x86_64:x86 aarch64:arm64; do
        object=$output/${source%.bpf.c}.${target%%:*}.bpf.o
        # BTF and debug information name source files: the folder's own path is taken out of them.
        "$toolchain/clang" -target bpf -ffreestanding -mcpu=v3 -std=gnu2x -O2 -g -Wall -Wextra -Werror \
            "-D__TARGET_ARCH_${target##*:}" -idirafter "$headers" \
            "-ffile-prefix-map=$PWD=." -fdebug-compilation-dir=. \
            -c "$source" -o "$object"
        # Functions that are not inlined stand in .text: see LOAD in rpfwatch.bpf.c for what they would cost.
        size=$("$toolchain/llvm-objdump" --section-headers "$object" | awk '$2 == ".text" { print $3 }')
        case $size in
        *[!0]*) echo "$source: a function is not inlined, and Linux 5.10 would panic on a bad address." >&2; exit 1 ;;
        esac
        # Leaves BTF, which the loader needs.
        "$toolchain/llvm-objcopy" --strip-debug "$object"
    done
done
