// Stimulus and read-out on the chip; semantics section 7.
#pragma once

#include "neurons.h"

// What most runs do without is not compiled into the loop that they do.
#define KEPT_APART __attribute__((noinline)) inline

constexpr int kAges = 1 << 16, kMostCounted = 65535, kDecidedBit = 0x8000, kMostTold = 255;
constexpr uint16_t kStepTag = 0x8000, kControlTag = 0xC000, kBitmapTag = 0xE000;
constexpr uint16_t kMapBit = 0x2000;
constexpr uint16_t kLevelsTag = 0xF000, kSampleTag = 0xF800;
constexpr int kMaxStepCount = 0x3FFF, kMaxBitmapWords = 0x0FFF, kMaxLevels = 0x07FF;
constexpr int kControlWords = 3, kResultWords = 3;

enum SampleFlag : int {
    kReport = 1, kRestart = 2, kClearState = 4, kClearTheta = 8, kClearTraces = 16,
    kClearEligibility = 32,
};

// Words that a head other than EVENT and STEP is, with those that belong to it.
inline int word_length(const Shape &shape, uint16_t head) {
    if (!shape.sampling || head < kBitmapTag) return kControlWords;
    if (head < kLevelsTag) return 1 + (head & kMaxBitmapWords);
    return head < kSampleTag ? 1 + ((head & kMaxLevels) + 1) / 2 : 1;
}

// Schedules the spikes that the pattern holds for this step, and goes on in it.
inline void play_pattern(State &state, const Network &network, uint32_t t, int axons_end) {
    Sample &sample = state.sample;
    const int length = network.registers.pattern_length, last = network.shape.pattern_words - 1;
    for (int k = 0; k < length && !sample.wait; ++k) {
        const uint16_t word = network.memory.pattern[sample.place & last];
        if (++sample.place >= length) sample.place = 0;
        if (word >= kControlTag) continue;
        if (word & kStepTag)
            sample.wait = word & kMaxStepCount;
        else if (word >= network.neurons() && word < axons_end)
            set_pending(state, network, t, word);
    }
    if (length && sample.wait) --sample.wait;
}

// Schedules the spikes that pattern and encoders make in this step.
KEPT_APART void stimulate(State &state, const Network &network, uint32_t t) {
    const Registers &registers = network.registers;
    const int axons_end = std::min(registers.axons_in_use, network.shape.axons);
    play_pattern(state, network, t, axons_end);
    Encoders &encoders = state.sample.encoders;
    const int first = network.neurons();
    const int count = std::min(registers.encoded_inputs, std::max(axons_end - first, 0));
    if (!count) return;
    encoders.encode(state.sample.age, registers.stimulus_seed, first, count);
    for (int k = 0; k < count; k += kEncoderSlack) {
        uint64_t spikes;
        std::memcpy(&spikes, &encoders.spikes[k], sizeof spikes);
        for (; spikes; spikes &= spikes - 1)
            set_pending(state, network, t, first + k + __builtin_ctzll(spikes) / 8);
    }
}

inline void grow_older(Sample &sample) { sample.age = (sample.age + 1) % kAges; }

// Counts a spike of a group; `leader` stays the lowest of those with most spikes.
inline void count_spike(Sample &sample, int group) {
    if (!sample.first[group]) sample.first[group] = (sample.age + 1) % kAges;
    int32_t &count = sample.count[group];
    count = std::min(count + 1, kMostCounted);
    if (group == sample.leader) {
        sample.best = count;
    } else if (count > sample.best || (count == sample.best && group < sample.leader)) {
        sample.second = sample.best;
        sample.leader = group;
        sample.best = count;
    } else {
        sample.second = std::max(sample.second, count);
    }
}

// Whether there is more to the end of a step than that the sample ages.
inline bool is_read_out(const State &state, const Network &network) {
    return network.counts || state.sample.best;
}

// Counts the spikes of a step and judges the sample.
KEPT_APART void read_out(State &state, const Network &network) {
    Sample &sample = state.sample;
    const Registers &registers = network.registers;
    if (network.counts)
        for (int k = 0; k < state.fired_end[network.shape.cores]; ++k) {
            const int group = network.group_of[state.fired[k]];
            if (group >= 0) count_spike(sample, group);
        }
    grow_older(sample);
    const int lead = sample.best - sample.second;
    const bool clear = (registers.stop_count && sample.best >= registers.stop_count) ||
                       (registers.stop_margin && lead >= registers.stop_margin);
    if (clear && sample.age >= registers.stop_after) sample.decided = true;
}

// LEVELS and the words that belong to it.
KEPT_APART void set_levels(State &state, const Network &network, const uint16_t *words) {
    const int first = network.registers.levels_first, count = words[0] & kMaxLevels;
    const int inputs = network.shape.axons - network.neurons();
    for (int j = 0; j < count && first + j < inputs; ++j) {
        const int k = first + j;
        const uint8_t level = uint8_t(words[1 + j / 2] >> (j % 2 * 8));
        state.sample.encoders.set(k, level, network.memory.mode[k], network.memory.scale[k]);
    }
}

inline void put_result(const Sample &sample, uint16_t *out) {
    out[0] = kStepTag;
    out[1] = uint16_t(sample.leader | (sample.decided ? kDecidedBit : 0));
    out[2] = uint16_t(std::min(sample.second, kMostTold) << 8 | std::min(sample.best, kMostTold));
}

// What a SAMPLE word does besides its report.
KEPT_APART void begin_sample(State &state, const Network &network, int flags) {
    const auto clear = [](auto &memory) { std::fill(memory.begin(), memory.end(), 0); };
    if (flags & kRestart) state.sample.restart();
    if (flags & kClearState) {
        clear(state.v);
        clear(state.i);
        clear(state.c);
        clear(state.pending);
    }
    if (flags & kClearTheta) clear(state.theta);
    if (flags & kClearTraces) {
        clear(state.x);
        clear(state.y);
    }
    if (flags & kClearEligibility && network.memory.eligibility)
        std::fill_n(network.memory.eligibility, network.place(network.shape.cores, 0), 0);
}

// What an input holds, as far as samples that follow each other are concerned.
struct Scan {
    int32_t steps = 0;           // whether any run
    int32_t controls = 0;        // whether there is a CONTROL
    int32_t incomplete = 0;      // whether it ends within a word
    int32_t levels = 0;          // most that a LEVELS sets
    int32_t levels_at_once = 0;  // most of those before all else
};

inline Scan scan(const Shape &shape, const uint16_t *words, int64_t count) {
    Scan found;
    bool begins = true;
    for (int64_t at = 0; at < count;) {
        const uint16_t head = words[at];
        if (head < kControlTag) {
            found.steps |= head > kStepTag;
            begins = false;
            ++at;
            continue;
        }
        at += word_length(shape, head);
        found.incomplete = at > count;
        const bool is_sampling = shape.sampling && head >= kBitmapTag;
        found.controls |= !is_sampling;
        if (is_sampling && head >= kLevelsTag && head < kSampleTag) {
            found.levels = std::max(found.levels, head & kMaxLevels);
            if (begins) found.levels_at_once = found.levels;
        } else {
            begins = false;
        }
        found.steps |= is_sampling && head < kLevelsTag;
    }
    return found;
}
