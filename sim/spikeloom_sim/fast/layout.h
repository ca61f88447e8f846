// What Python and the kernel hand each other; the same fields stand in kernel.py.
#pragma once

#include <cstdint>

// The array, as built. All counts; see ArrayConfig.
struct Shape {
    int32_t cores, neurons_per_core, axons, padded_axons, rows, lanes, delay_slots, state_bits;
    int32_t probes;
    int32_t sampling, pattern_words;  // sampling: 0 or 1
};

// Memories of the array. Numbers of a neuron are [cores * neurons_per_core], of an axon [axons].
struct Memory {
    const int32_t *threshold, *reset, *bias, *leak, *v_decay, *i_decay, *gain, *refractory;
    const int32_t *theta_plus, *theta_decay, *reset_mode, *hold;
    const int32_t *delay;
    const int32_t *row_of;          // [cores][padded_axons]; `rows` where an axon has none
    const int32_t *source;          // [cores][rows]
    const int32_t *probe_neuron;    // [probes], global index, -1 for one that names nothing
    const int32_t *probe_quantity;  // [probes]
    const uint8_t *plastic;         // [cores][rows][neurons_per_core], or null: all are 1
    const uint8_t *row_plastic;     // [cores][rows], or null: all are 1
    int8_t *weight;                 // [cores][rows][neurons_per_core]
    int8_t *eligibility;            // the same shape, or null: not built in
    int32_t *v, *i, *c, *theta;
    uint8_t *x;        // [cores][rows]
    uint8_t *y;        // [cores][neurons_per_core]
    uint8_t *pending;  // [delay_slots][padded_axons], 0 or 1
    // Of samples; null where they are not built in. Inputs: [axons - neurons].
    uint8_t *level;
    const uint8_t *mode, *scale;
    const uint16_t *pattern;  // [pattern_words]
    const int32_t *group;     // of each neuron, -1: its spikes are not counted
    const uint8_t *silent;    // of each neuron, 0 or 1
    int32_t *count, *first;   // of each group; as many as neurons
    int32_t *sample;          // window `sample`, 6 words
};

// How traces decay and grow: register x_trace or y_trace.
struct TraceRule {
    int32_t plus, keep, mode, nearest;  // keep: 256 - decay
};

// A2 or B2, in the unit of the core's terms.
struct WeightTerm {
    int32_t coefficient, shift;
};

// The registers of one core.
struct CoreRule {
    int32_t neurons, rows;             // in use; that have traces and may learn
    int32_t theta_mask;                // theta decays in steps t with (t & mask) == 0
    int32_t change, random, eligible;  // 0 or 1
    int32_t unit_bits;                 // terms are in units of 2**-unit_bits
    int32_t w_min, w_max;
    int32_t sweeps_all;                     // B0 or B2 is not 0
    int32_t reward, el_keep, el_shift;      // el_keep: 256 - decay
    int32_t el_mask;                        // a reward pass in steps t with (t & mask) == 0
    TraceRule x, y;
    WeightTerm a2, b2;
    int32_t arrival[256], firing[256];  // A0 + A1 for each trace y, B0 + B1 for each trace x
};

// The registers of the array.
struct Registers {
    int32_t axons_in_use, probes_in_use;
    uint32_t seed;
    int32_t learns, changing;  // whether any core has plastic rows, and any weight may change
    uint32_t stimulus_seed;
    int32_t encoded_inputs, pattern_length;  // at most as many as there are
    int32_t levels_first, stop_count, stop_margin, stop_after;
    int32_t map_words;     // of a bitmap of spikes; 0: they are told one by one
    int32_t longest_told;  // largest count of a STEP word out
};

// What status registers count.
struct Tally {
    int64_t steps, spikes, arrivals, refused, last_arrivals, last_fired, last_swept;
};

// A run: words in and out, and where it stands.
struct Run {
    const uint16_t *in;
    int64_t in_count, in_at;
    uint16_t *out;
    int64_t out_capacity, out_count;
    int64_t most_steps;  // to run before returning
    uint32_t t;          // number of the next step
    int32_t left;        // steps of a STEP word that are still to be run
    int32_t untold;      // steps completed since the last STEP word out
    int32_t cleared;     // flags of the SAMPLE words so far
    Tally tally;
};

// Why `run` returned.
enum Stop : int32_t {
    kEnd = 0,      // all words were taken, but for one that still lacks some
    kControl = 1,  // `in_at` is at a CONTROL word
    kFull = 2,     // `out` may be too small for another step, or `most_steps` were run
    kNoMemory = -1,
};
