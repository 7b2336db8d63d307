"""The checksums of S3, implemented from their definitions: a function of bytes for each name."""

import hashlib
import zlib


def reflected(polynomial, mask):
    """Computes a CRC from its definition, byte by byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)

    def checksum(data):
        value = mask
        for byte in data:
            value = value >> 8 ^ table[(value ^ byte) & 0xFF]
        return (value ^ mask).to_bytes(8 if mask >> 32 else 4)

    return checksum


ALGORITHMS = {
    "crc64nvme": reflected(0x9A6C9329AC4BC9B5, 2**64 - 1),
    "crc32c": reflected(0x82F63B78, 2**32 - 1),
    "crc32": lambda data: zlib.crc32(data).to_bytes(4),
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}
