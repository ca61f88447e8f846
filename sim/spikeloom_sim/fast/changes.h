// Changes of synapses, a block at a time.
#pragma once

#include <algorithm>
#include <cstring>

#include "arithmetic.h"

// A block of synapses or their neurons.
typedef int8_t ByteLanes __attribute__((vector_size(kBlock)));
typedef uint8_t FlagLanes __attribute__((vector_size(kBlock)));

// The first `count` of a block; the others are 0. A count that is kBlock is a constant.
template <class Vector>
inline Vector lanes_at(const void *numbers, int count = kBlock) {
    Vector lanes{};
    if (count == kBlock) {
        std::memcpy(&lanes, numbers, kBlock);
        return lanes;
    }
#ifdef __AVX512BW__
    return (Vector)_mm512_maskz_loadu_epi8((uint64_t(1) << count) - 1, numbers);
#else
    std::memcpy(&lanes, numbers, count);
    return lanes;
#endif
}

// Writes the first `count` of a block.
inline void put_lanes(int8_t *numbers, ByteLanes lanes, int count) {
    if (count == kBlock) {
        std::memcpy(numbers, &lanes, kBlock);
        return;
    }
#ifdef __AVX512BW__
    _mm512_mask_storeu_epi8(numbers, (uint64_t(1) << count) - 1, (__m512i)lanes);
#else
    std::memcpy(numbers, &lanes, count);
#endif
}

inline ByteLanes clamp(ByteLanes z, ByteLanes low, ByteLanes high) {
    z = z < low ? low : z;
    return z > high ? high : z;
}

// Where a change leaves a number of 8 bits.
struct Range {
    int low, high;
};

// A change: z <- clamp(z + change, low, high), where the change is not 0. A number that is limited
// to bottom .. top before does not leave low .. high, so 8 bits are enough.
struct Change {
    int8_t delta, bottom, top;
    uint8_t moves;  // all bits if the change is not 0

    static Change of(int change, Range range) {
        // A change beyond these leaves every number of 8 bits at the same end of the range.
        const int within = std::min(std::max(change, range.low - 127), range.high + 128);
        return {int8_t(within), int8_t(std::max(range.low - within, -128)),
                int8_t(std::min(range.high - within, 127)), uint8_t(change ? 255 : 0)};
    }
};

// Changes of a block.
struct Changes {
    ByteLanes delta, bottom, top;
    FlagLanes moves;

    ByteLanes applied(ByteLanes z) const {
        return ByteLanes(FlagLanes(clamp(z, bottom, top)) + FlagLanes(delta));
    }

    // The same change for all.
    static Changes all(const Change &change) {
        return {ByteLanes{} + change.delta, ByteLanes{} + change.bottom, ByteLanes{} + change.top,
                FlagLanes{} + change.moves};
    }

    // A whole block of changes; what stands behind the last neuron does not matter.
    static Changes of(const int32_t *__restrict changes, Range range) {
        alignas(kBlock) int8_t delta[kBlock], bottom[kBlock], top[kBlock];
        alignas(kBlock) uint8_t moves[kBlock];
        for (int n = 0; n < kBlock; ++n) {
            const Change change = Change::of(changes[n], range);
            delta[n] = change.delta;
            bottom[n] = change.bottom;
            top[n] = change.top;
            moves[n] = change.moves;
        }
        return {lanes_at<ByteLanes>(delta), lanes_at<ByteLanes>(bottom), lanes_at<ByteLanes>(top),
                lanes_at<FlagLanes>(moves)};
    }
};
