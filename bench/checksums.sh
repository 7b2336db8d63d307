# Checksums of 64 KiB: those of Digest, by carry-less multiplication and by tables; zlib's CRC-32; OpenSSL's SHA-256.
set -euo pipefail

${CC:-clang} -O2 -I Sources/CChecksum/include -o .build/bench/checksums bench/c/checksums.c Sources/CChecksum/*.c \
    -lz -lcrypto
.build/bench/checksums
