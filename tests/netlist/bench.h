// A netlist or a Verilated module between two arrays: stimulus in, what the outputs were out.
// Inputs are set, outputs are looked at, then the clock rises: one row of bytes a cycle.

#pragma once

#include <cstddef>
#include <cstdint>

#define BENCH_EXPORT extern "C" __attribute__((visibility("default")))

template <typename Bench>
void run_bench(Bench& bench, const uint8_t* in, size_t inputs, uint8_t* out, size_t outputs,
               size_t cycles) {
    for (size_t cycle = 0; cycle < cycles; ++cycle) {
        for (size_t k = 0; k < inputs; ++k) bench.set(k, in[cycle * inputs + k]);
        bench.settle();
        for (size_t k = 0; k < outputs; ++k) out[cycle * outputs + k] = bench.get(k);
        bench.edge();
    }
}
