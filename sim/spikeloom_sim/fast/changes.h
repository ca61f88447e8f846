// Changes of synapses, a block at a time.
#pragma once

#include <algorithm>
#include <cstring>

#include "arithmetic.h"

// 32 synapses or their neurons.
typedef int8_t ByteLanes __attribute__((vector_size(kBlock)));
typedef uint8_t FlagLanes __attribute__((vector_size(kBlock)));

template <class Vector>
inline Vector lanes_at(const void *numbers, int count = kBlock) {
    Vector lanes{};
    std::memcpy(&lanes, numbers, count);
    return lanes;
}

// Changes of 32 synapses. A weight limited to bottom .. top does not leave 8 bits when `delta`, the
// change modulo 256, is added; so no wider numbers are needed.
struct Changes {
    ByteLanes delta, top, bottom;

    // The same change for all.
    static Changes all(int change) {
        return {ByteLanes{} + int8_t(change), ByteLanes{} + int8_t(127 - std::max(change, 0)),
                ByteLanes{} + int8_t(-128 - std::min(change, 0))};
    }

    // Some changes, each -255 .. 255; the others are 0.
    template <class Length>
    static Changes of(const int32_t *__restrict changes, Length length) {
        alignas(kBlock) int8_t delta[kBlock] = {}, top[kBlock] = {}, bottom[kBlock] = {};
        for (int n = 0; n < length; ++n) {
            delta[n] = int8_t(changes[n]);
            top[n] = int8_t(127 - std::max(changes[n], 0));
            bottom[n] = int8_t(-128 - std::min(changes[n], 0));
        }
        return {lanes_at<ByteLanes>(delta), lanes_at<ByteLanes>(top), lanes_at<ByteLanes>(bottom)};
    }
};

inline ByteLanes clamp(ByteLanes z, ByteLanes low, ByteLanes high) {
    z = z < low ? low : z;
    return z > high ? high : z;
}
