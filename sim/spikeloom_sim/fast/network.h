// A network that is ready to run, and the state of one sample.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "arithmetic.h"
#include "changes.h"
#include "layout.h"

constexpr int kAxonsPerWord = 64;
constexpr int kVectorSlack = 128;  // bytes that vectors and draws may reach past what is used

using Numbers = std::vector<int32_t>;

// Parameters of all neurons, with room behind the last one.
struct Parameters {
    Numbers threshold, reset, bias, leak, gain, refractory, theta_plus;
    Numbers v_keep, i_keep, theta_keep;  // 4096 - decay
    Numbers theta_kept;                  // 4096: for steps in which theta does not decay
    Numbers subtracts, hold;             // -1 or 0
};

// Parameters and rules, shared by all samples; only learning writes, and only weights.
struct Network {
    Shape shape{};
    Memory memory{};
    Registers registers{};
    std::vector<CoreRule> rules;
    Parameters parameters;
    Numbers word_of;            // synapse word of each neuron of a core
    int32_t low = 0, high = 0;  // range of v and i

    int neurons() const { return shape.cores * shape.neurons_per_core; }
    int axon_words() const { return (shape.padded_axons + kAxonsPerWord - 1) / kAxonsPerWord; }
    bool is_wide() const { return shape.state_bits + kDecayShift > 32; }
    int64_t line(int core, int row) const { return int64_t(core) * shape.rows + row; }
    int64_t place(int core, int row) const { return line(core, row) * shape.neurons_per_core; }
    const uint8_t *plastic_flags(int core, int row) const {
        return memory.plastic ? memory.plastic + place(core, row) : nullptr;
    }
    bool row_learns(int core, int row) const {
        return !memory.row_plastic || memory.row_plastic[line(core, row)];
    }
};

// Fills with base + sign * number of each neuron.
inline void fill(Numbers &numbers, const int32_t *from, int count, int base = 0, int sign = 1) {
    numbers.assign(count + kVectorSlack, 0);
    for (int n = 0; n < count; ++n) numbers[n] = base + sign * from[n];
}

inline void open_network(Network &network, const Shape &shape) {
    network.shape = shape;
    network.rules.resize(shape.cores);
    network.high = (1 << (shape.state_bits - 1)) - 1;
    network.low = -network.high - 1;
    network.parameters.theta_kept.assign(network.neurons() + kVectorSlack, kDecayOne);
    network.word_of.resize(shape.neurons_per_core);
    for (int n = 0; n < shape.neurons_per_core; ++n) network.word_of[n] = n / shape.lanes;
}

inline void load_network(Network &network, const Memory &memory) {
    network.memory = memory;
    const int count = network.neurons();
    Parameters &p = network.parameters;
    fill(p.threshold, memory.threshold, count);
    fill(p.reset, memory.reset, count);
    fill(p.bias, memory.bias, count);
    fill(p.leak, memory.leak, count);
    fill(p.gain, memory.gain, count);
    fill(p.refractory, memory.refractory, count);
    fill(p.theta_plus, memory.theta_plus, count);
    fill(p.v_keep, memory.v_decay, count, kDecayOne, -1);
    fill(p.i_keep, memory.i_decay, count, kDecayOne, -1);
    fill(p.theta_keep, memory.theta_decay, count, kDecayOne, -1);
    fill(p.subtracts, memory.reset_mode, count, 0, -1);
    fill(p.hold, memory.hold, count, 0, -1);
}

// State of one sample, and what a step leaves for the next one to reuse.
struct State {
    Numbers v, i, c, theta, acc;
    std::vector<uint8_t> x, y;
    std::vector<uint64_t> pending;  // [delay_slots][axon_words], a bit an axon
    std::vector<uint8_t> fires;     // of each neuron, 0 or 1
    Numbers active, fired;          // axons and neurons of this step, ascending
    std::vector<int32_t> fired_end;  // [cores + 1]: where each core's part of `fired` begins
    int active_count = 0;

    // Scratch of one core.
    std::vector<const int8_t *> reached;  // rows that arrive
    Numbers learning_rows, terms, rows;
    std::vector<Changes> changes;  // of each block
    std::vector<uint8_t> draws;
    Numbers blocks;
    int row_count = 0;
    uint32_t key = 0;  // of this step's random numbers

    explicit State(const Network &network) {
        const Shape &shape = network.shape;
        const int neurons = network.neurons(), within = shape.neurons_per_core + kVectorSlack;
        for (Numbers *numbers : {&v, &i, &c, &theta, &acc}) numbers->resize(neurons + kVectorSlack);
        x.resize(size_t(shape.cores) * shape.rows);
        y.resize(neurons);
        pending.resize(size_t(shape.delay_slots) * network.axon_words());
        fires.resize(neurons + kVectorSlack);
        active.resize(shape.padded_axons);
        fired.resize(neurons);
        fired_end.resize(shape.cores + 1);
        reached.resize(shape.padded_axons);
        learning_rows.reserve(shape.padded_axons);
        rows.resize(shape.rows + 1);
        terms.resize(within);
        changes.resize(within / kBlock + 1);
        draws.resize(within);
        blocks.reserve(within);
    }
};

inline void load_state(State &state, const Network &network) {
    const Memory &memory = network.memory;
    const size_t neurons = network.neurons();
    std::copy_n(memory.v, neurons, state.v.begin());
    std::copy_n(memory.i, neurons, state.i.begin());
    std::copy_n(memory.c, neurons, state.c.begin());
    std::copy_n(memory.theta, neurons, state.theta.begin());
    std::copy_n(memory.x, state.x.size(), state.x.begin());
    std::copy_n(memory.y, neurons, state.y.begin());
    const int axons = network.shape.padded_axons, words = network.axon_words();
    for (int slot = 0; slot < network.shape.delay_slots; ++slot)
        for (int word = 0; word < words; ++word) {
            uint64_t bits = 0;
            for (int k = 0; k < kAxonsPerWord && word * kAxonsPerWord + k < axons; ++k)
                bits |= uint64_t(memory.pending[slot * axons + word * kAxonsPerWord + k]) << k;
            state.pending[slot * words + word] = bits;
        }
}

inline void store_state(const State &state, const Network &network) {
    const Memory &memory = network.memory;
    const size_t neurons = network.neurons();
    std::copy_n(state.v.begin(), neurons, memory.v);
    std::copy_n(state.i.begin(), neurons, memory.i);
    std::copy_n(state.c.begin(), neurons, memory.c);
    std::copy_n(state.theta.begin(), neurons, memory.theta);
    std::copy_n(state.x.begin(), state.x.size(), memory.x);
    std::copy_n(state.y.begin(), neurons, memory.y);
    const int axons = network.shape.padded_axons, words = network.axon_words();
    for (int slot = 0; slot < network.shape.delay_slots; ++slot)
        for (int axon = 0; axon < axons; ++axon) {
            const uint64_t bits = state.pending[slot * words + axon / kAxonsPerWord];
            memory.pending[slot * axons + axon] = bits >> (axon % kAxonsPerWord) & 1;
        }
}
