// Levels turned into spikes, and the sample that is presented; semantics section 7.
#pragma once

#include <cstring>
#include <vector>

#include "layout.h"
#include "randomness.h"

enum EncoderMode : uint8_t { kNoEncoder = 0, kRegular = 1, kRandom = 2, kLatency = 3 };

constexpr int kLevelBits = 8, kLevelMax = 255, kRandomBits = 16;
constexpr int kEncoderSlack = 8;  // inputs that are looked at together

// All encoders of an array. Each has the numbers of every mode; those of others never spike.
struct Encoders {
    std::vector<uint8_t> level, spikes;
    std::vector<int32_t> regular, mask;  // level, and 2**(8 + scale) - 1
    std::vector<int32_t> threshold;      // of random numbers
    std::vector<int32_t> latest;         // the age at which a latency encoder spikes
    uint32_t used = 0;                   // bit `mode`: whether an encoder has it

    void set(int k, uint8_t value, uint8_t mode, uint8_t scale) {
        level[k] = value;
        regular[k] = mode == kRegular ? value : 0;
        mask[k] = (1 << (kLevelBits + scale)) - 1;
        threshold[k] = mode == kRandom ? value << (kRandomBits - kLevelBits) >> scale : 0;
        latest[k] = mode == kLatency && value ? (kLevelMax - value) >> scale : -1;
    }

    void load(const Memory &memory, int inputs) {
        for (auto *numbers : {&regular, &mask, &threshold, &latest}) numbers->resize(inputs);
        level.resize(inputs);
        spikes.resize(inputs + kEncoderSlack);
        used = 0;
        for (int k = 0; k < inputs; ++k) {
            set(k, memory.level[k], memory.mode[k], memory.scale[k]);
            used |= 1u << memory.mode[k];
        }
    }

    // Writes to `spikes` which of the first `count` inputs spike; `axon` is that of input 0.
    void encode(int age, uint32_t seed, int axon, int count) {
        uint8_t *__restrict out = spikes.data();
        std::memset(out, 0, count + kEncoderSlack);
        if (used & 1u << kRegular) {
            const int32_t *__restrict b = regular.data(), *__restrict below = mask.data();
            for (int k = 0; k < count; ++k) out[k] = (age * b[k] & below[k]) + b[k] > below[k];
        }
        if (used & 1u << kRandom) {
            const uint32_t key = step_key(seed, uint32_t(age));
            const int32_t *__restrict least = threshold.data();
            for (int k = 0; k < count; ++k)
                out[k] |= int32_t(row_key(key, uint32_t(axon + k), kStimulus) >> kRandomBits) <
                          least[k];
        }
        if (used & 1u << kLatency) {
            const int32_t *__restrict when = latest.data();
            for (int k = 0; k < count; ++k) out[k] |= age == when[k];
        }
    }
};

// Where the sample stands.
struct Sample {
    Encoders encoders;
    std::vector<int32_t> count, first;  // of each group
    int32_t age = 0, leader = 0, best = 0, second = 0, place = 0, wait = 0;
    bool decided = false;

    void restart() {
        std::fill(count.begin(), count.end(), 0);
        std::fill(first.begin(), first.end(), 0);
        age = leader = best = second = place = wait = 0;
        decided = false;
    }
};
