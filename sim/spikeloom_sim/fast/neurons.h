// Arrivals, the neuron update and what it emits; semantics section 3, steps 1, 3 and 5.
#pragma once

#include "network.h"

#ifdef __AVX512BW__
constexpr int kLanes = 32;
#else
constexpr int kLanes = 16;
#endif
constexpr int kTogether = 4;      // vectors of a row that are added at once
constexpr int kUpdated = 16;      // neurons that are updated at once
constexpr int kRowsAtOnce = 255;  // whose weights add up to less than 2**15

typedef int8_t WeightLanes __attribute__((vector_size(kLanes)));
typedef int16_t SumLanes __attribute__((vector_size(2 * kLanes)));
typedef int32_t WideLanes __attribute__((vector_size(4 * kLanes)));

inline void set_pending(State &state, const Network &network, uint32_t t, int axon) {
    const uint32_t due = t + uint32_t(network.memory.delay[axon]);
    const int slot = int(due & uint32_t(network.shape.delay_slots - 1));
    uint64_t *words = &state.pending[size_t(slot) * network.axon_words()];
    words[axon / kAxonsPerWord] |= uint64_t(1) << (axon % kAxonsPerWord);
}

// Lists the axons in use that are due at t, and clears them.
inline void take_active(State &state, const Network &network, uint32_t t) {
    const int slot = int(t & uint32_t(network.shape.delay_slots - 1));
    uint64_t *words = &state.pending[size_t(slot) * network.axon_words()];
    int32_t *active = state.active.data();
    int count = 0;
    for (int first = 0; first < network.registers.axons_in_use; first += kAxonsPerWord) {
        uint64_t &word = words[first / kAxonsPerWord];
        const int here = network.registers.axons_in_use - first;
        const uint64_t used = here < kAxonsPerWord ? (uint64_t(1) << here) - 1 : ~uint64_t(0);
        uint64_t due = word & used;
        word &= ~used;
        for (; due; due &= due - 1) active[count++] = first + __builtin_ctzll(due);
    }
    state.active_count = count;
}

inline SumLanes widened(WeightLanes weights) {
#ifdef __AVX512BW__
    return (SumLanes)_mm512_cvtepi8_epi16((__m256i)weights);
#else
    return __builtin_convertvector(weights, SumLanes);
#endif
}

// Adds `width` vectors of some rows: registers hold the sums, memory is read once.
template <int width>
inline void add_lanes(const int8_t *const *rows, int count, int begin, int32_t *acc) {
    SumLanes sums[width] = {};
    for (int k = 0; k < count; ++k)
        for (int part = 0; part < width; ++part) {
            WeightLanes weights;
            std::memcpy(&weights, rows[k] + begin + part * kLanes, sizeof weights);
            sums[part] += widened(weights);
        }
    for (int part = 0; part < width; ++part) {
        int32_t *here = acc + begin + part * kLanes;
        WideLanes total;
        std::memcpy(&total, here, sizeof total);
        total += __builtin_convertvector(sums[part], WideLanes);
        std::memcpy(here, &total, sizeof total);
    }
}

inline void add_rows(const int8_t *const *rows, int count, int neurons, int32_t *acc) {
    for (int first = 0; first < count; first += kRowsAtOnce) {
        const int now = count - first < kRowsAtOnce ? count - first : kRowsAtOnce;
        int begin = 0;
        for (; begin + kTogether * kLanes <= neurons; begin += kTogether * kLanes)
            add_lanes<kTogether>(rows + first, now, begin, acc);
        for (; begin + kLanes <= neurons; begin += kLanes)
            add_lanes<1>(rows + first, now, begin, acc);
        for (int k = 0; k < now; ++k)
            for (int n = begin; n < neurons; ++n) acc[n] += rows[first + k][n];
    }
}

// Step 1 for one core: acc[n] += w[row, n] for every active axon with a row.
inline void arrive(State &state, const Network &network, int core) {
    const int32_t *row_of = network.memory.row_of + size_t(core) * network.shape.padded_axons;
    int count = 0;
    for (int k = 0; k < state.active_count; ++k) {
        const int row = row_of[state.active[k]];
        state.reached[count] = network.memory.weight + network.place(core, row);
        count += row < network.shape.rows;
    }
    const int first = core * network.shape.neurons_per_core;
    add_rows(state.reached.data(), count, network.rules[core].neurons, &state.acc[first]);
}

// 16 neurons; comparisons give lanes of -1 or 0.
typedef int32_t Lanes __attribute__((vector_size(4 * kUpdated)));
typedef int8_t FireLanes __attribute__((vector_size(kUpdated)));
typedef int64_t LongLanes __attribute__((vector_size(8 * kUpdated)));

inline Lanes lanes_of(const int32_t *numbers) {
    Lanes lanes;
    std::memcpy(&lanes, numbers, sizeof lanes);
    return lanes;
}

inline Lanes clamp(Lanes z, Lanes low, Lanes high) {
    z = z < low ? low : z;
    return z > high ? high : z;
}

// z * keep / 4096 toward zero; Product holds z * 4096.
template <class Product>
inline Lanes rtz(Lanes z, Lanes keep) {
    const Product factor = __builtin_convertvector(keep, Product);
    const Product product = __builtin_convertvector(z, Product) * factor;
    const Product sign = product >> (8 * sizeof(product[0]) - 1);
    return __builtin_convertvector((product + (sign & (kDecayOne - 1))) >> kDecayShift, Lanes);
}

// Writes the lanes that are chosen.
inline void put(int32_t *numbers, Lanes lanes, Lanes chosen) {
    lanes = chosen ? lanes : lanes_of(numbers);
    std::memcpy(numbers, &lanes, sizeof lanes);
}

// Step 3 for the 16 neurons from `n` on that are chosen; line by line as on the page.
template <class Product>
inline void update_lanes(State &state, const Network &network, const Numbers &theta_keep, int n,
                         Lanes chosen) {
    const Parameters &p = network.parameters;
    const Lanes low = Lanes{} + network.low, high = Lanes{} + network.high;
    const auto of = [n](const Numbers &numbers) { return lanes_of(&numbers[n]); };
    const Lanes c = of(state.c), leak = of(p.leak), threshold = of(p.threshold);
    const Lanes arrived = of(state.acc) << of(p.gain);
    const Lanes i = clamp(rtz<Product>(of(state.i), of(p.i_keep)) + arrived, low, high);
    Lanes u = rtz<Product>(of(state.v), of(p.v_keep));
    u -= clamp(u, -leak, leak);
    u = clamp(u + i + of(p.bias), low, high);
    const Lanes waits = c > 0;
    u = (waits & of(p.hold)) ? of(p.reset) : u;
    const Lanes theta = rtz<Product>(of(state.theta), lanes_of(&theta_keep[n]));
    const Lanes limit = threshold + theta;
    const Lanes fire = (u > limit) & ~waits & chosen;
    const Lanes after = of(p.subtracts) ? clamp(u - limit, low, high) : of(p.reset);
    const Lanes raised = theta + of(p.theta_plus);
    put(&state.i[n], i, chosen);
    put(&state.v[n], fire ? after : u, chosen);
    put(&state.c[n], fire ? of(p.refractory) : c + waits, chosen);
    put(&state.theta[n], fire ? (raised > high ? high : raised) : theta, chosen);
    put(&state.acc[n], Lanes{}, chosen);
    const FireLanes fires = __builtin_convertvector(-fire, FireLanes);
    std::memcpy(&state.fires[n], &fires, sizeof fires);
}

// Step 3 for `count` neurons from `first` on.
template <class Product>
void update(State &state, const Network &network, const Numbers &theta_keep, int first, int count) {
    const Lanes all = ~Lanes{};
    int k = 0;
    for (; k + kUpdated <= count; k += kUpdated)
        update_lanes<Product>(state, network, theta_keep, first + k, all);
    if (k == count) return;
    Lanes index;
    for (int lane = 0; lane < kUpdated; ++lane) index[lane] = k + lane;
    update_lanes<Product>(state, network, theta_keep, first + k, index < count);
}

inline void update_core(State &state, const Network &network, int core, uint32_t t) {
    const CoreRule &rule = network.rules[core];
    const bool decays = (t & uint32_t(rule.theta_mask)) == 0;
    const Numbers &keep = decays ? network.parameters.theta_keep : network.parameters.theta_kept;
    const int first = core * network.shape.neurons_per_core;
    if (network.is_wide())
        update<LongLanes>(state, network, keep, first, rule.neurons);
    else
        update<Lanes>(state, network, keep, first, rule.neurons);
}

// Lists the neurons of a core that fired, and makes their axons due.
inline void emit(State &state, const Network &network, int core, uint32_t t) {
    const int first = core * network.shape.neurons_per_core;
    const int axons = network.registers.axons_in_use;
    int count = state.fired_end[core];
    for_each_at_least(&state.fires[first], network.rules[core].neurons, 1, [&](int k) {
        const int neuron = first + k;
        state.fired[count++] = neuron;
        if (neuron < axons) set_pending(state, network, t, neuron);
    });
    state.fired_end[core + 1] = count;
}
