// The netlist in the shape of the module that Verilator makes of `SimTop`, so that the harness of
// the simulated board drives it as it drives the gateware.
//
// There is no way past the UART, and of the ports only those of the board are real: a board does
// not tell whether it is at rest or which rate it has. `quiet` is 1 when an edge has found nothing
// to change, and when the lines have rested for longer than any answer takes. There is no flash: an
// erased one answers with ones, and the boot loader has given up after `kBootCycles`.

#pragma once

#include "engine.h"

class Vsim_top {
  public:
    Vsim_top(VerilatedContext* context, const char*) : engine_{context} {
        increment = engine_.settings[kIncrement];
        for (size_t k = kPulledUp; k < engine_.ports.size(); ++k) {
            engine_.drive(engine_.ports[k], true);
        }
        engine_.settle();
    }

    void final() {}

    void eval() {
        if (clk == was_high_) {
            inputs();
            return;
        }
        was_high_ = clk;
        if (!clk) {
            inputs();
            return;
        }
        const bool active = engine_.edge();
        deaf = ++cycles_ < kBootCycles;
        tx = engine_.get(engine_.ports[kTx]);
        idle_cyc_ = rx && tx ? idle_cyc_ + 1 : 0;
        quiet = !deaf && (!active || idle_cyc_ > engine_.settings[kIdleCycles]);
    }

    uint8_t clk = 0, rx = 1, tx = 1, quiet = 0, deaf = 1;
    uint8_t bypass = 0, byte_in___05Fvalid = 0, byte_in___05Fpayload = 0, byte_in___05Fready = 0;
    uint8_t byte_out___05Fvalid = 0, byte_out___05Fpayload = 0;
    uint8_t running = 0, error = 0;  // lights of the board, which nobody looks at here
    uint32_t increment = 0;

  private:
    // As build.py lists them.
    enum Port : size_t { kRx, kTx, kPulledUp };
    enum Setting : size_t { kIncrement, kIdleCycles };

    static constexpr uint64_t kBootCycles = 16384;

    void inputs() {
        engine_.drive(engine_.ports[kRx], rx);
        engine_.settle();
        tx = engine_.get(engine_.ports[kTx]);
    }

    netlist::Engine engine_;
    uint64_t cycles_ = 0, idle_cyc_ = 0;
    uint8_t was_high_ = 0;
};
