#!/bin/sh
# Fuzzes json-sep's scanner and kernels with libFuzzer: scripts/fuzz.sh [SECONDS]
# What it learns stays in .build-fuzz/corpus, so that the next run starts there.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-600}
build=.build-fuzz
# SwiftPM would rename the main function that libFuzzer brings, so the link is done by hand.
FUZZ=1 swift build -c release --scratch-path $build --target JSONFuzz \
    -Xswiftc -sanitize=fuzzer -Xcc -fsanitize=fuzzer-no-link
swiftc -sanitize=fuzzer -o $build/json-fuzz \
    $build/release/JSONFuzz.build/*.o $build/release/SeparationHarness.build/*.o \
    $build/release/JSONStream.build/*.o $build/release/CJSONKernel.build/*.o $build/release/ByteIO.build/*.o
mkdir -p $build/corpus
exec nice -n 10 $build/json-fuzz -max_total_time="$seconds" -max_len=600 -print_final_stats=1 \
    -dict=Tests/fuzz/json/json.dict $build/corpus Tests/fuzz/json/seeds
