// The arithmetic of semantics section 1, and blocks of neurons that fill a vector.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#ifdef __AVX512BW__
#include <immintrin.h>
#endif

constexpr int kDecayShift = 12;
constexpr int kDecayOne = 1 << kDecayShift;
#ifdef __AVX512BW__
constexpr int kBlock = 64;  // neurons whose weights are changed at once
#else
constexpr int kBlock = 32;
#endif

// Calls body(begin, length) for blocks of [0, count); the length of whole and half blocks is a
// constant.
template <class Body>
inline void for_blocks(int count, Body body) {
    int begin = 0;
    for (; begin + kBlock <= count; begin += kBlock)
        body(begin, std::integral_constant<int, kBlock>());
    if (begin + kBlock / 2 <= count) {
        body(begin, std::integral_constant<int, kBlock / 2>());
        begin += kBlock / 2;
    }
    if (begin < count) body(begin, count - begin);
}

constexpr int kBits = 64;

// Bit k tells whether number k of 64 is at least `least`, which is not 0.
inline uint64_t at_least(const uint8_t *numbers, uint8_t least) {
#ifdef __AVX512BW__
    return _mm512_cmpge_epu8_mask(_mm512_loadu_si512(numbers), _mm512_set1_epi8(char(least)));
#else
    uint8_t flags[kBits];
    for (int k = 0; k < kBits; ++k) flags[k] = numbers[k] >= least;
    uint64_t bits = 0;
    for (int k = 0; k < kBits; k += 8) {
        uint64_t eight;
        std::memcpy(&eight, flags + k, sizeof eight);
        bits |= eight * 0x0102040810204080u >> 56 << k;  // the lowest bit of each byte
    }
    return bits;
#endif
}

// Calls body(k) for each of `count` numbers that is at least `least`, in order.
template <class Body>
inline void for_each_at_least(const uint8_t *numbers, int count, uint8_t least, Body body) {
    for (int first = 0; first < count; first += kBits) {
        uint64_t bits = at_least(numbers + first, least);
        if (count - first < kBits) bits &= (uint64_t(1) << (count - first)) - 1;
        for (; bits; bits &= bits - 1) body(first + __builtin_ctzll(bits));
    }
}
