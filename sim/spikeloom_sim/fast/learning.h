// Traces, and what arrivals, spikes and rewards change; semantics section 4.
#pragma once

#include <algorithm>

#include "network.h"
#include "randomness.h"

constexpr int kMostChange = 255;  // a larger change of 8 bits ends at the same limit

enum TraceMode : int32_t { kExponential = 0, kWindow = 1, kHistory = 2 };

inline void decay_traces(uint8_t *traces, int count, const TraceRule &rule) {
    const uint16_t keep = uint16_t(rule.keep);
    if (rule.mode == kWindow)
        for (int k = 0; k < count; ++k) traces[k] -= traces[k] > 0;
    else if (rule.mode == kHistory)
        for (int k = 0; k < count; ++k) traces[k] = uint8_t(traces[k] << 1);
    else
        for (int k = 0; k < count; ++k) traces[k] = uint8_t(uint16_t(traces[k] * keep) >> 8);
}

inline uint8_t raised(uint8_t trace, const TraceRule &rule) {
    if (rule.mode == kHistory) return trace | 1;
    if (rule.nearest) return uint8_t(rule.plus);
    return uint8_t(std::min(trace + rule.plus, 255));
}

inline const uint8_t *draw_row(State &state, const Network &network, int core, int row,
                               Phase phase) {
    const uint32_t axon = uint32_t(network.memory.source[network.line(core, row)]);
    const int neurons = network.shape.neurons_per_core;
    return draw(row_key(state.key, axon, phase), core * neurons, network.rules[core].neurons,
                state.draws.data());
}

// A sum of terms, and of a random number if any, as a whole change.
inline int32_t whole(int32_t sum, int unit_bits) {
    return std::min(std::max(sum >> unit_bits, -kMostChange), kMostChange);
}

// z / 2**shift toward zero.
inline int32_t divided(int32_t z, int shift) {
    return (z + ((z >> 31) & ((1 << shift) - 1))) >> shift;
}

// The changes of a block: its terms, what A2 or B2 adds for the weights, random numbers if any.
template <class Length>
inline Changes sum_terms(const Row &row, const int32_t *__restrict terms,
                         const WeightTerm &by_weight, const uint8_t *__restrict draws, int begin,
                         Length length) {
    const int unit_bits = row.rule.unit_bits, shift = by_weight.shift;
    const int32_t factor = by_weight.coefficient * (1 << unit_bits);
    const int8_t *__restrict weight = row.weight + begin;
    int32_t sums[kBlock] = {};
    for (int n = 0; n < length; ++n) sums[n] = terms[n];
    if (factor)
        for (int n = 0; n < length; ++n) sums[n] += divided(weight[n] * factor, shift);
    if (draws)
        for (int n = 0; n < length; ++n) sums[n] += draws[begin + n];
    for (int n = 0; n < length; ++n) sums[n] = whole(sums[n], unit_bits);
    return Changes::of(sums, row.range);
}

inline bool plain(const CoreRule &rule, const WeightTerm &term) {
    return !rule.random && !term.coefficient;
}

// Changes a row by terms of each neuron.
inline void depress_row(State &state, const Network &network, int core, int index) {
    const Row row(network, core, index, network.rules[core].eligible);
    const CoreRule &rule = row.rule;
    const uint8_t *draws = rule.random ? draw_row(state, network, core, index, kArrival) : nullptr;
    for_blocks(rule.neurons, [&](int begin, auto length) {
        row.add(sum_terms(row, &state.terms[begin], rule.a2, draws, begin, length), ~FlagLanes{},
                begin, length);
    });
}

// Changes rows by the same changes.
inline void depress_rows(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    state.learners.clear();
    for (const int index : state.learning_rows)
        if (network.row_learns(core, index))
            state.learners.emplace_back(network, core, index, rule.eligible);
    if (state.learners.empty()) return;
    const Range range = state.learners.front().range;
    for_blocks(rule.neurons, [&](int begin, auto length) {
        const Changes changes = Changes::of(&state.terms[begin], range);
        for (const Row &row : state.learners) row.add(changes, ~FlagLanes{}, begin, length);
    });
}

// Step 2: the synapses of rows that an axon has reached.
inline void depress(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    const uint8_t *y = &state.y[size_t(core) * network.shape.neurons_per_core];
    const int32_t *arrival = rule.arrival;
    int32_t *__restrict terms = state.terms.data();
    int32_t any = rule.a2.coefficient;
    for (int n = 0; n < rule.neurons; ++n) any |= terms[n] = arrival[y[n]];
    if (!any) return;
    if (plain(rule, rule.a2)) {
        depress_rows(state, network, core);
        return;
    }
    for (const int index : state.learning_rows)
        if (network.row_learns(core, index)) depress_row(state, network, core, index);
}

// Traces x decay; then the axons that are active raise them and change weights.
inline void learn_arrivals(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    const int32_t *row_of = network.memory.row_of + size_t(core) * network.shape.padded_axons;
    uint8_t *x = &state.x[network.line(core, 0)];
    decay_traces(x, rule.rows, rule.x);
    state.learning_rows.clear();
    for (int k = 0; k < state.active_count; ++k) {
        const int row = row_of[state.active[k]];
        if (row >= rule.rows) continue;
        x[row] = raised(x[row], rule.x);
        state.learning_rows.push_back(row);
    }
    if (rule.change && !state.learning_rows.empty()) depress(state, network, core);
}

// Lists the blocks in which neurons fired, and who did.
inline void find_blocks(State &state, const Network &network, int core) {
    const int first = core * network.shape.neurons_per_core;
    state.blocks.clear();
    state.gates.clear();
    for (int k = state.fired_end[core]; k < state.fired_end[core + 1]; ++k) {
        const int begin = (state.fired[k] - first) / kBlock * kBlock;
        if (!state.blocks.empty() && state.blocks.back() == begin) continue;
        state.blocks.push_back(begin);
        const auto fires = lanes_at<FlagLanes>(&state.fires[first + begin]);
        state.gates.push_back(FlagLanes(fires != 0));
    }
}

// Calls body(begin, length, gate) for the blocks in which neurons fired; the gate tells which did.
template <class Body>
inline void for_fired_blocks(const State &state, const Network &network, int core, Body body) {
    const int count = network.rules[core].neurons, blocks = int(state.blocks.size());
    for (int k = 0; k < blocks; ++k) {
        const int begin = state.blocks[k];
        if (begin + kBlock <= count)
            body(begin, std::integral_constant<int, kBlock>(), state.gates[k]);
        else
            body(begin, count - begin, state.gates[k]);
    }
}

// Changes the synapses of a row by a term that they share, where neurons fired.
inline void potentiate_row(State &state, const Network &network, int core, int index,
                           int32_t term) {
    const Row row(network, core, index, network.rules[core].eligible);
    const CoreRule &rule = row.rule;
    const uint8_t *draws = rule.random ? draw_row(state, network, core, index, kFiring) : nullptr;
    int32_t terms[kBlock];
    std::fill_n(terms, kBlock, term);
    for_fired_blocks(state, network, core, [&](int begin, auto length, FlagLanes gate) {
        row.add(sum_terms(row, terms, rule.b2, draws, begin, length), gate, begin, length);
    });
}

// Changes rows by what their traces say and nothing else, where neurons fired.
inline void potentiate_rows(const State &state, const Network &network, int core,
                            const uint8_t *x) {
    for (int k = 0; k < state.row_count; ++k) {
        const int index = state.rows[k];
        if (!network.row_learns(core, index)) continue;
        const Row row(network, core, index, network.rules[core].eligible);
        const Changes changes = Changes::all(network.tables[core].firing[x[index]]);
        for_fired_blocks(state, network, core, [&](int begin, auto length, FlagLanes gate) {
            row.add(changes, gate, begin, length);
        });
    }
}

// Lists the rows whose synapses may change with a spike.
inline void find_rows(State &state, const Network &network, int core, const uint8_t *x) {
    const CoreRule &rule = network.rules[core];
    const int least = network.tables[core].least_x;
    int32_t *rows = state.rows.data();
    int count = 0;
    if (least == kNoLeast) {
        for (int index = 0; index < rule.rows; ++index) {  // without a branch that is guessed wrong
            rows[count] = index;
            count += (rule.firing[x[index]] | rule.b2.coefficient) != 0;
        }
    } else {
        for_each_at_least(x, rule.rows, uint8_t(least), [&](int index) { rows[count++] = index; });
    }
    state.row_count = count;
}

// Step 4: the synapses of neurons that fired.
inline void potentiate(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    const uint8_t *x = &state.x[network.line(core, 0)];
    find_blocks(state, network, core);
    find_rows(state, network, core, x);
    if (plain(rule, rule.b2)) {
        potentiate_rows(state, network, core, x);
        return;
    }
    for (int k = 0; k < state.row_count; ++k) {
        const int index = state.rows[k];
        if (network.row_learns(core, index))
            potentiate_row(state, network, core, index, rule.firing[x[index]]);
    }
}

// Traces y decay; then spikes change weights and raise the traces.
inline void learn_spikes(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    if (!rule.rows) return;
    const int first = core * network.shape.neurons_per_core;
    decay_traces(&state.y[first], rule.neurons, rule.y);
    const int begin = state.fired_end[core], end = state.fired_end[core + 1];
    if (begin == end) return;
    if (rule.change) potentiate(state, network, core);
    for (int k = begin; k < end; ++k) {
        uint8_t &y = state.y[state.fired[k]];
        y = raised(y, rule.y);
    }
}

inline bool has_pass(const CoreRule &rule, uint32_t t) {
    return rule.eligible && rule.rows && (t & uint32_t(rule.el_mask)) == 0;
}

// What a reward makes of a row's eligibility, and what is left of that.
inline void reward_row(State &state, const Network &network, int core, int index) {
    const Row row(network, core, index, false);
    const CoreRule &rule = row.rule;
    int8_t *el = network.memory.eligibility + network.place(core, index);
    const uint8_t *draws = rule.random ? draw_row(state, network, core, index, kReward) : nullptr;
    const int32_t factor = rule.reward * (1 << rule.unit_bits);
    for_blocks(rule.neurons, [&](int begin, auto length) {
        int32_t sums[kBlock] = {};
        for (int n = 0; n < length; ++n) {
            const int32_t term = divided(el[begin + n] * factor, rule.el_shift);
            sums[n] = whole(term + (draws ? draws[begin + n] : 0), rule.unit_bits);
        }
        if (rule.change)
            row.add(Changes::of(sums, row.range), ~FlagLanes{}, begin, length);
        for (int n = begin; n < begin + length; ++n)
            if (!row.flags || row.flags[n]) el[n] = int8_t(divided(el[n] * rule.el_keep, 8));
    });
}

inline void reward(State &state, const Network &network, int core) {
    const CoreRule &rule = network.rules[core];
    for (int index = 0; index < rule.rows; ++index) {
        const int8_t *el = network.memory.eligibility + network.place(core, index);
        int8_t any = 0;
        for (int n = 0; n < rule.neurons; ++n) any |= el[n];
        if (any && network.row_learns(core, index)) reward_row(state, network, core, index);
    }
}

// Register last_swept of step t, of one core: words swept by spikes and by a reward pass.
inline int64_t swept_words(const State &state, const Network &network, int core, uint32_t t) {
    const CoreRule &rule = network.rules[core];
    const uint8_t *x = &state.x[network.line(core, 0)];
    const int first = core * network.shape.neurons_per_core;
    int64_t words = 0, rows = rule.rows;
    if (!rule.sweeps_all) rows -= std::count(x, x + rule.rows, 0);
    for (int k = state.fired_end[core], last = -1; k < state.fired_end[core + 1]; ++k) {
        const int word = network.word_of[state.fired[k] - first];
        words += word != last;
        last = word;
    }
    const int lanes = network.shape.lanes;
    const int64_t pass = int64_t(rule.rows) * ((rule.neurons + lanes - 1) / lanes);
    return rows * words * rule.change + (has_pass(rule, t) ? pass : 0);
}
