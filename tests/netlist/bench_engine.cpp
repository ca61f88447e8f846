#include "bench.h"
#include "engine.h"

namespace {

// Ports are the inputs, then the outputs; the setting is the number of inputs.
class EngineBench {
  public:
    void set(size_t k, bool value) { engine_.drive(engine_.ports[k], value); }
    bool get(size_t k) const { return engine_.get(engine_.ports[engine_.settings[0] + k]); }
    void settle() { engine_.settle(); }
    void edge() { engine_.edge(); }

  private:
    VerilatedContext context_;
    netlist::Engine engine_{&context_};
};

}  // namespace

BENCH_EXPORT void bench_run(const uint8_t* in, size_t inputs, uint8_t* out, size_t outputs,
                            size_t cycles) {
    EngineBench bench;
    run_bench(bench, in, inputs, out, outputs, cycles);
}
