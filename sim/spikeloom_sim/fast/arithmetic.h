// The arithmetic of semantics section 1, and blocks of neurons that fill a vector.
#pragma once

#include <cstdint>
#include <type_traits>

constexpr int kDecayShift = 12;
constexpr int kDecayOne = 1 << kDecayShift;
constexpr int kBlock = 32;  // neurons whose weights are changed at once

// Calls body(begin, length) for blocks of [0, count); the length of whole blocks is a constant.
template <class Body>
inline void for_blocks(int count, Body body) {
    int begin = 0;
    for (; begin + kBlock <= count; begin += kBlock)
        body(begin, std::integral_constant<int, kBlock>());
    if (begin < count) body(begin, count - begin);
}
