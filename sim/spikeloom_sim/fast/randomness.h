// The random numbers of stochastic rounding; semantics section 4.
#pragma once

#include <cstdint>
#include <cstring>

enum Phase : uint32_t { kArrival = 0, kFiring = 1, kReward = 2, kStimulus = 3 };

constexpr int kDrawn = 64;  // neurons whose numbers differ in 6 bits of their index only

// Bob Jenkins' hash of 32 bits.
inline uint32_t jenkins(uint32_t h) {
    h = (h + 0x7ed55d16u) + (h << 12);
    h = (h ^ 0xc761c23cu) ^ (h >> 19);
    h = (h + 0x165667b1u) + (h << 5);
    h = (h + 0xd3a2646cu) ^ (h << 9);
    h = (h + 0xfd7046c5u) + (h << 3);
    return (h ^ 0xb55a4f09u) ^ (h >> 16);
}

inline uint32_t step_key(uint32_t seed, uint32_t t) { return jenkins(jenkins(seed) ^ t); }

inline uint32_t row_key(uint32_t key, uint32_t axon, Phase phase) {
    const uint32_t k = 4 * axon + phase;
    uint32_t u = key ^ (k << 15) ^ k;
    u += u << 4;
    u ^= u >> 5;
    u += u << 13;
    u ^= u >> 5;
    u += u << 7;
    return u ^ (u >> 17);
}

// What the bits of an index from bit `bit` on add to a number.
inline uint8_t high_part(uint32_t u, uint32_t index, int bit) {
    uint8_t sum = uint8_t(u >> 24);
    for (uint32_t rest = index >> bit; rest; rest >>= 1, ++bit)
        if (rest & 1) sum ^= uint8_t(u >> bit);
    return sum;
}

// What the 6 low bits add, for each of 64 indices: eight bytes of a word at once.
inline void low_parts(uint32_t u, uint64_t words[8]) {
    constexpr uint64_t kEach = 0x0101010101010101u;
    const auto repeated = [u](int bit) { return kEach * uint8_t(u >> bit); };
    words[0] = (repeated(0) & 0xff00ff00ff00ff00u) ^ (repeated(1) & 0xffff0000ffff0000u) ^
               (repeated(2) & 0xffffffff00000000u);
    for (int bit = 3, count = 1; bit < 6; ++bit, count *= 2)
        for (int k = 0; k < count; ++k) words[count + k] = words[k] ^ repeated(bit);
}

// Writes the numbers of neurons first .. first + count - 1 of a row and returns where they begin.
// The buffer has room for 128 more.
inline const uint8_t *draw(uint32_t u, int first, int count, uint8_t *buffer) {
    uint64_t low[8];
    low_parts(u, low);
    const int skipped = first % kDrawn;
    for (int begin = 0; begin < skipped + count; begin += kDrawn) {
        const uint64_t high = high_part(u, uint32_t(first - skipped + begin), 6);
        uint64_t numbers[8];
        for (int k = 0; k < 8; ++k) numbers[k] = low[k] ^ (high * 0x0101010101010101u);
        std::memcpy(buffer + begin, numbers, kDrawn);
    }
    return buffer + skipped;
}
