// The machine's limit: one dense network and one rule, written by hand with nothing that they do
// not need. Compiled with -DNEURONS=n, for this processor.

#include <cstdint>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int N = NEURONS;
constexpr int kDecayBits = 12;
constexpr int kRowsAtOnce = 255;  // whose weights of 8 bits add up to less than 2**15
constexpr int kBlock = N % 32 ? 8 : 32;
static_assert(N % 8 == 0);
constexpr int kMin = -63, kMax = 63;

typedef int8_t Bytes __attribute__((vector_size(kBlock)));
typedef int16_t Sum __attribute__((vector_size(2 * kBlock)));
typedef int32_t Wide __attribute__((vector_size(4 * kBlock)));

enum Rule : int32_t { kNone, kWindow, kExponential };

struct Settings {
    int32_t threshold, v_decay, refractory, plus, keep, shift;
};

alignas(64) int8_t weight[N][N];
alignas(64) int32_t v[N], bias[N], acc[N];
alignas(64) uint8_t wait[N], x[N], y[N], fires[N];
alignas(64) int8_t change[N];
int fired[N], fired_count;

// Sums of a block of columns, which registers hold.
void integrate() {
    for (int begin = 0; begin < N; begin += kBlock) {
        Wide total{};
        for (int first = 0; first < fired_count; first += kRowsAtOnce) {
            const int end = first + kRowsAtOnce < fired_count ? first + kRowsAtOnce : fired_count;
            Sum sum{};
            for (int k = first; k < end; ++k) {
                Bytes some;
                std::memcpy(&some, weight[fired[k]] + begin, sizeof some);
                sum += __builtin_convertvector(some, Sum);
            }
            total += __builtin_convertvector(sum, Wide);
        }
        std::memcpy(acc + begin, &total, sizeof total);
    }
}

void update(const Settings &s) {
    const int keep = (1 << kDecayBits) - s.v_decay;
    for (int n = 0; n < N; ++n) {
        const int product = v[n] * keep;
        const int u = ((product + (product >> 31 & ((1 << kDecayBits) - 1))) >> kDecayBits) +
                      acc[n] + bias[n];
        const bool fire = u > s.threshold & wait[n] == 0;
        fires[n] = fire;
        wait[n] = fire ? s.refractory : wait[n] - (wait[n] > 0);
        v[n] = fire ? 0 : u;
    }
    int count = 0;
    for (int n = 0; n < N; n += 8) {
        uint64_t eight;
        std::memcpy(&eight, fires + n, 8);
        for (; eight; eight &= eight - 1) fired[count++] = n + __builtin_ctzll(eight) / 8;
    }
    fired_count = count;
}

template <Rule rule>
void decay(uint8_t *trace, const Settings &s) {
    for (int n = 0; n < N; ++n)
        trace[n] = rule == kWindow ? trace[n] - (trace[n] > 0) : trace[n] * s.keep >> 8;
}

template <Rule rule>
void grow(uint8_t &trace, const Settings &s) {
    const int sum = trace + s.plus;
    trace = rule == kWindow ? s.plus : sum > 255 ? 255 : sum;
}

template <Rule rule>
int8_t effect(uint8_t trace, const Settings &s) {
    return rule == kWindow ? trace > 0 : trace >> s.shift;
}

template <Rule rule>
void depress(const Settings &s) {
    decay<rule>(x, s);
    for (int n = 0; n < N; ++n) change[n] = effect<rule>(y[n], s);
    for (int k = 0; k < fired_count; ++k) {
        grow<rule>(x[fired[k]], s);
        int8_t *row = weight[fired[k]];
        for (int n = 0; n < N; ++n) {
            const int8_t least = kMin + change[n];
            row[n] = (row[n] < least ? least : row[n]) - change[n];
        }
    }
}

template <Rule rule>
void potentiate(const Settings &s) {
    decay<rule>(y, s);
    if (!fired_count) return;
    for (int source = 0; source < N; ++source) {
        const int gain = effect<rule>(x[source], s);
        if (!gain) continue;
        int8_t *row = weight[source];
        for (int k = 0; k < fired_count; ++k) {
            const int sum = row[fired[k]] + gain;
            row[fired[k]] = sum > kMax ? kMax : sum;
        }
    }
    for (int k = 0; k < fired_count; ++k) grow<rule>(y[fired[k]], s);
}

template <Rule rule>
int64_t run(const Settings &s, int64_t steps, int32_t *counts, uint16_t *out) {
    const uint16_t *const begin = out;
    for (int64_t t = 0; t < steps; ++t) {
        integrate();
        if (rule != kNone) depress<rule>(s);
        update(s);
        if (rule != kNone) potentiate<rule>(s);
        counts[t] = fired_count;
        for (int k = 0; k < fired_count; ++k) *out++ = uint16_t(fired[k]);
    }
    return out - begin;
}

}  // namespace

// Runs from the given potentials and weights, which become those at the end. `counts` gets the
// spikes of each step, `out` their neurons. Returns how many spikes there were.
extern "C" int64_t by_hand(const Settings *settings, int32_t rule, int8_t *weights, int32_t *vs,
                           const int32_t *biases, int64_t steps, int32_t *counts, uint16_t *out) {
    std::memcpy(weight, weights, sizeof weight);
    std::memcpy(v, vs, sizeof v);
    std::memcpy(bias, biases, sizeof bias);
    for (uint8_t *bytes : {wait, x, y, fires}) std::memset(bytes, 0, N);
    fired_count = 0;
    int64_t spikes = 0;
    if (rule == kNone) spikes = run<kNone>(*settings, steps, counts, out);
    if (rule == kWindow) spikes = run<kWindow>(*settings, steps, counts, out);
    if (rule == kExponential) spikes = run<kExponential>(*settings, steps, counts, out);
    std::memcpy(weights, weight, sizeof weight);
    std::memcpy(vs, v, sizeof v);
    return spikes;
}
