#include "Vbench.h"
#include "bench.h"
#include "verilated.h"

namespace {

class VerilatedBench {
  public:
    ~VerilatedBench() { top_.final(); }
    void set(size_t k, bool value) {
        const uint32_t bit = 1u << k % 32;
        top_.i[k / 32] = value ? top_.i[k / 32] | bit : top_.i[k / 32] & ~bit;
    }
    bool get(size_t k) const { return top_.o[k / 32] >> k % 32 & 1; }
    void settle() {
        top_.clk = 0;
        top_.eval();
    }
    void edge() {
        top_.clk = 1;
        top_.eval();
    }

  private:
    VerilatedContext context_;
    Vbench top_{&context_};
};

}  // namespace

BENCH_EXPORT void bench_run(const uint8_t* in, size_t inputs, uint8_t* out, size_t outputs,
                            size_t cycles) {
    VerilatedBench bench;
    run_bench(bench, in, inputs, out, outputs, cycles);
}
