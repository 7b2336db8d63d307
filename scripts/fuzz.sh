#!/usr/bin/env bash
# Fuzzes a part of the tools with libFuzzer: scripts/fuzz.sh [json|answers|keys|config] [SECONDS]
#
#   json     json-sep's scanner against its kernels
#   answers  HTTP heads and XML bodies as a server sends them
#   keys     key escaping, percent-encoding, locations, endpoints, key templates
#   config   shared configuration files, command lines, times
#
# Each is built with AddressSanitizer. The corpus stays in .build-fuzz, so that the next run continues from it.
set -euo pipefail
cd "$(dirname "$0")/.."
part=json
case ${1:-} in json | answers | keys | config) part=$1 && shift ;; esac
seconds=${1:-600}
build=.build-fuzz
case $part in
json) target=JSONFuzz modules=(SeparationHarness JSONStream CJSONKernel ByteIO CProcess) libraries=() ;;
answers) target=AnswersFuzz modules=(S3Lines Codec S3Core JSONStream CJSONKernel HTTPTransfer Digest CChecksum ByteIO CProcess) libraries=(-lcurl -lcrypto -lz -lzstd -lexpat) ;;
config)
    target=ConfigFuzz
    modules=(S3Core Codec JSONStream CJSONKernel HTTPTransfer Digest CChecksum ByteIO CProcess)
    libraries=(-lcurl -lcrypto -lz -lzstd -lexpat)
    ;;
keys)
    target=KeysFuzz
    modules=(KeyTemplate JSONStream CJSONKernel S3Core Codec HTTPTransfer Digest CChecksum ByteIO CProcess)
    libraries=(-lcurl -lcrypto -lz -lzstd -lexpat)
    ;;
esac
# SwiftPM would rename libFuzzer's main function, so the program is linked by hand.
FUZZ=1 swift build -c release --scratch-path $build --target $target \
    --sanitize=address -Xswiftc -sanitize=fuzzer -Xcc -fsanitize=fuzzer-no-link
objects=()
for module in $target "${modules[@]}"; do objects+=("$build/release/$module.build/"*.o); done
swiftc -sanitize=fuzzer,address -o $build/$part-fuzz "${objects[@]}" "${libraries[@]}"
mkdir -p $build/$part-corpus
exec nice -n 10 $build/$part-fuzz -max_total_time="$seconds" -max_len=600 -print_final_stats=1 \
    -artifact_prefix=$build/ -dict=Tests/fuzz/$part/$part.dict $build/$part-corpus Tests/fuzz/$part/seeds
