#include "engine.h"

#include <pthread.h>
#include <string.h>

static struct checksum_engine engines[] = {
    [CHECKSUM_CRC32] = {.polynomial = 0xEDB88320, .mask = 0xFFFFFFFF},
    [CHECKSUM_CRC32C] = {.polynomial = 0x82F63B78, .mask = 0xFFFFFFFF},
    [CHECKSUM_CRC64NVME] = {.polynomial = 0x9A6C9329AC4BC9B5, .mask = UINT64_MAX},
};
#define ENGINE_COUNT (sizeof engines / sizeof engines[0])

/// The coefficient of x^0.
static uint64_t one(const struct checksum_engine *engine) { return engine->mask ^ engine->mask >> 1; }

/// The product of `value` and x.
static uint64_t times_x(const struct checksum_engine *engine, uint64_t value) {
    return value >> 1 ^ (value & 1 ? engine->polynomial : 0);
}

static uint64_t product(const struct checksum_engine *engine, uint64_t first, uint64_t second) {
    uint64_t sum = 0;
    for (uint64_t bit = one(engine); bit; bit >>= 1) {
        if (first & bit) sum ^= second;
        second = times_x(engine, second);
    }
    return sum;
}

/// x to the power of `exponent` * 2^`doublings`.
static uint64_t power_of_x(const struct checksum_engine *engine, uint64_t exponent, int doublings) {
    uint64_t square = times_x(engine, one(engine)), result = one(engine);
    for (; doublings > 0; doublings--) square = product(engine, square, square);
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = product(engine, result, square);
        square = product(engine, square, square);
    }
    return result;
}

/// Computes the factors that move 16 bytes by `bytes` bytes.
///
/// In the 128 bits of a carry-less product of two reflected halves, the coefficient of x^0 is bit 126, but in
/// 16 bytes it is bit 127. So each product is one power too high, and its factor one too low. The first half
/// is 64 powers above the second. A factor of width 32 is in the upper bits, where its powers are the same.
static void set_fold(const struct checksum_engine *engine, uint64_t fold[2], uint64_t bytes) {
    int unused = engine->mask == UINT64_MAX ? 0 : 32;
    fold[0] = power_of_x(engine, 8 * bytes + 63, 0) << unused;
    fold[1] = power_of_x(engine, 8 * bytes - 1, 0) << unused;
}

static bool folds;

static void prepare(void) {
    for (size_t kind = 0; kind < ENGINE_COUNT; kind++) {
        struct checksum_engine *engine = &engines[kind];
        for (int byte = 0; byte < 256; byte++) {
            uint64_t remainder = (uint64_t)byte;
            for (int bit = 0; bit < 8; bit++) remainder = times_x(engine, remainder);
            engine->tables[0][byte] = remainder;
        }
        for (int zeros = 1; zeros < 8; zeros++)
            for (int byte = 0; byte < 256; byte++) {
                uint64_t before = engine->tables[zeros - 1][byte];
                engine->tables[zeros][byte] = before >> 8 ^ engine->tables[0][before & 0xFF];
            }
        set_fold(engine, engine->fold_64, 64);
        set_fold(engine, engine->fold_16, 16);
    }
#if CHECKSUM_CAN_FOLD
    folds = checksum_folds();
#endif
}

static const struct checksum_engine *prepared(enum checksum_kind kind) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    return &engines[kind];
}

uint64_t checksum_by_tables(
    const struct checksum_engine *engine, uint64_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= crc;
        crc = 0;
        for (int place = 0; place < 8; place++) crc ^= engine->tables[7 - place][word >> 8 * place & 0xFF];
    }
    for (; count > 0; bytes++, count--) crc = crc >> 8 ^ engine->tables[0][(crc ^ *bytes) & 0xFF];
    return crc;
}

uint64_t checksum_update(enum checksum_kind kind, uint64_t crc, const uint8_t *bytes, size_t count) {
    const struct checksum_engine *engine = prepared(kind);
    crc ^= engine->mask;
#if CHECKSUM_CAN_FOLD
    if (folds && count >= CHECKSUM_LEAST_FOLDED)
        return checksum_by_folding(engine, crc, bytes, count) ^ engine->mask;
#endif
    return checksum_by_tables(engine, crc, bytes, count) ^ engine->mask;
}

uint64_t checksum_update_portable(enum checksum_kind kind, uint64_t crc, const uint8_t *bytes, size_t count) {
    const struct checksum_engine *engine = prepared(kind);
    return checksum_by_tables(engine, crc ^ engine->mask, bytes, count) ^ engine->mask;
}

uint64_t checksum_combine(enum checksum_kind kind, uint64_t first, uint64_t second, uint64_t count) {
    const struct checksum_engine *engine = prepared(kind);
    // `count` bytes are 8 times as many bits. The inversions of the start value and of the result cancel out.
    return product(engine, first, power_of_x(engine, count, 3)) ^ second;
}
