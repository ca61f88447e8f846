// A network that is ready to run, and the state of one sample.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "arithmetic.h"
#include "changes.h"
#include "encoders.h"
#include "layout.h"

constexpr int kElMin = -128, kElMax = 127;
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

constexpr int kTraces = 256;
constexpr int kNoLeast = -1;

// What follows from a core's rule.
struct CoreTable {
    Change firing[kTraces];  // what a spike changes for each trace x, apart from B2
    int least_x;             // a spike changes rows with this trace or more; kNoLeast: not as simple

    static Range range(const CoreRule &rule) {
        return rule.eligible ? Range{kElMin, kElMax} : Range{rule.w_min, rule.w_max};
    }

    explicit CoreTable(const CoreRule &rule) {
        const auto sweeps = [&rule](int x) { return rule.firing[x] || rule.b2.coefficient; };
        for (int x = 0; x < kTraces; ++x) firing[x] = Change::of(rule.firing[x], range(rule));
        least_x = 0;
        while (least_x < kTraces - 1 && !sweeps(least_x)) ++least_x;
        for (int x = least_x; x < kTraces; ++x)
            if (!sweeps(x)) least_x = kNoLeast;
    }
};

// Parameters and rules, shared by all samples; only learning writes, and only weights.
struct Network {
    Shape shape{};
    Memory memory{};
    Registers registers{};
    std::vector<CoreRule> rules;
    std::vector<CoreTable> tables;
    Parameters parameters;
    Numbers word_of;            // synapse word of each neuron of a core
    std::vector<uint8_t> mixed;  // [cores][rows]: whether some flags are 0; empty: not known
    Numbers group_of;           // of each neuron, -1: its spikes are not counted
    bool counts = false, silences = false;  // whether spikes of any neuron are counted, or untold
    int32_t low = 0, high = 0;  // range of v and i

    int neurons() const { return shape.cores * shape.neurons_per_core; }
    int axon_words() const { return (shape.padded_axons + kAxonsPerWord - 1) / kAxonsPerWord; }
    bool is_wide() const { return shape.state_bits + kDecayShift > 32; }
    int64_t line(int core, int row) const { return int64_t(core) * shape.rows + row; }
    int64_t place(int core, int row) const { return line(core, row) * shape.neurons_per_core; }
    const uint8_t *plastic_flags(int core, int row) const {
        const bool all = !memory.plastic || !mixed[line(core, row)];
        return all ? nullptr : memory.plastic + place(core, row);
    }
    bool row_learns(int core, int row) const {
        return !memory.row_plastic || memory.row_plastic[line(core, row)];
    }
};

inline void set_rule(Network &network, int core, const CoreRule &rule) {
    CoreRule &old = network.rules[core];
    if (!std::memcmp(&old, &rule, sizeof rule)) return;
    if (old.neurons != rule.neurons) network.mixed.clear();
    old = rule;
    network.tables[core] = CoreTable(rule);
}

// Finds the rows whose flags are not all set: no others need be read while learning.
inline void find_mixed(Network &network) {
    const Shape &shape = network.shape;
    network.mixed.resize(size_t(shape.cores) * shape.rows);
    for (int core = 0; core < shape.cores; ++core)
        for (int row = 0; row < shape.rows; ++row) {
            const uint8_t *flags = network.memory.plastic + network.place(core, row);
            uint8_t all = 1;
            for (int n = 0; n < network.rules[core].neurons; ++n) all &= flags[n];
            network.mixed[network.line(core, row)] = !all;
        }
}

// A row of synapses that may change, and how.
struct Row {
    const CoreRule &rule;
    int8_t *target;  // weights or eligibility traces
    const int8_t *weight;
    const uint8_t *flags;  // plastic, or null
    Range range;

    Row(const Network &network, int core, int row, bool to_eligibility)
        : rule(network.rules[core]),
          weight(network.memory.weight + network.place(core, row)),
          flags(network.plastic_flags(core, row)) {
        target = (to_eligibility ? network.memory.eligibility : network.memory.weight) +
                 network.place(core, row);
        range = to_eligibility ? Range{kElMin, kElMax} : Range{rule.w_min, rule.w_max};
    }

    // Changes those whose flag, if any, is set; `gate` has all bits of those that may change at
    // all.
    template <class Length>
    void add(const Changes &changes, FlagLanes gate, int begin, Length length) const {
        FlagLanes chosen = gate & changes.moves;
        if (flags) chosen &= lanes_at<FlagLanes>(flags + begin, length);
        const auto old = lanes_at<ByteLanes>(target + begin, length);
        put_lanes(target + begin, chosen != 0 ? changes.applied(old) : old, length);
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
    for (const CoreRule &rule : network.rules) network.tables.emplace_back(rule);
    network.high = (1 << (shape.state_bits - 1)) - 1;
    network.low = -network.high - 1;
    network.parameters.theta_kept.assign(network.neurons() + kVectorSlack, kDecayOne);
    network.word_of.resize(shape.neurons_per_core);
    for (int n = 0; n < shape.neurons_per_core; ++n) network.word_of[n] = n / shape.lanes;
}

inline void load_readout(Network &network) {
    const int count = network.neurons();
    network.group_of.assign(network.memory.group, network.memory.group + count);
    network.counts = network.silences = false;
    for (int n = 0; n < count; ++n) {
        network.counts |= network.group_of[n] >= 0;
        network.silences |= network.memory.silent[n] != 0;
    }
}

inline void load_network(Network &network, const Memory &memory) {
    network.memory = memory;
    network.mixed.clear();
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
    if (network.shape.sampling) load_readout(network);
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
    Sample sample;
    int64_t swept_steps = 0;  // steps counted when the words swept were

    // Scratch of one core.
    std::vector<const int8_t *> reached;  // rows that arrive
    Numbers learning_rows, terms, rows;
    std::vector<Row> learners;     // of learning_rows, those that may change
    std::vector<uint8_t> draws;
    Numbers blocks;                // in which neurons fired
    std::vector<FlagLanes> gates;  // and who did
    int row_count = 0;
    uint32_t key = 0;  // of this step's random numbers

    explicit State(const Network &network) {
        const Shape &shape = network.shape;
        const int neurons = network.neurons(), within = shape.neurons_per_core + kVectorSlack;
        for (Numbers *numbers : {&v, &i, &c, &theta, &acc}) numbers->resize(neurons + kVectorSlack);
        x.resize(size_t(shape.cores) * shape.rows + kVectorSlack);
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
        learners.reserve(shape.padded_axons);
        draws.resize(within);
        blocks.reserve(within);
        gates.reserve(within / kBlock + 1);
    }
};

// Encoders as the network has them; the sample is left as it is.
inline void open_sample(State &state, const Network &network) {
    if (!network.shape.sampling) return;
    const int neurons = network.neurons();
    state.sample.encoders.load(network.memory, network.shape.axons - neurons);
    state.sample.count.resize(neurons);
    state.sample.first.resize(neurons);
}

inline void load_sample(State &state, const Network &network) {
    open_sample(state, network);
    const Memory &memory = network.memory;
    Sample &sample = state.sample;
    std::copy_n(memory.count, sample.count.size(), sample.count.begin());
    std::copy_n(memory.first, sample.first.size(), sample.first.begin());
    sample.age = memory.sample[0];
    sample.leader = memory.sample[1] & 0x7FFF;
    sample.decided = memory.sample[1] >> 15;
    sample.best = memory.sample[2];
    sample.second = memory.sample[3];
    sample.place = memory.sample[4];
    sample.wait = memory.sample[5];
}

inline void store_sample(const Sample &sample, const Memory &memory) {
    std::copy(sample.count.begin(), sample.count.end(), memory.count);
    std::copy(sample.first.begin(), sample.first.end(), memory.first);
    std::copy(sample.encoders.level.begin(), sample.encoders.level.end(), memory.level);
    const int32_t words[] = {sample.age, sample.leader | sample.decided << 15, sample.best,
                             sample.second, sample.place, sample.wait};
    std::copy(std::begin(words), std::end(words), memory.sample);
}

inline void load_state(State &state, const Network &network) {
    const Memory &memory = network.memory;
    if (network.shape.sampling) load_sample(state, network);
    const size_t neurons = network.neurons();
    std::copy_n(memory.v, neurons, state.v.begin());
    std::copy_n(memory.i, neurons, state.i.begin());
    std::copy_n(memory.c, neurons, state.c.begin());
    std::copy_n(memory.theta, neurons, state.theta.begin());
    std::copy_n(memory.x, network.line(network.shape.cores, 0), state.x.begin());
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
    if (network.shape.sampling) store_sample(state.sample, memory);
    const size_t neurons = network.neurons();
    std::copy_n(state.v.begin(), neurons, memory.v);
    std::copy_n(state.i.begin(), neurons, memory.i);
    std::copy_n(state.c.begin(), neurons, memory.c);
    std::copy_n(state.theta.begin(), neurons, memory.theta);
    std::copy_n(state.x.begin(), network.line(network.shape.cores, 0), memory.x);
    std::copy_n(state.y.begin(), neurons, memory.y);
    const int axons = network.shape.padded_axons, words = network.axon_words();
    for (int slot = 0; slot < network.shape.delay_slots; ++slot)
        for (int axon = 0; axon < axons; ++axon) {
            const uint64_t bits = state.pending[slot * words + axon / kAxonsPerWord];
            memory.pending[slot * axons + axon] = bits >> (axon % kAxonsPerWord) & 1;
        }
}
