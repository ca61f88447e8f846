// Simulates a synthesised netlist, event by event: what does not change costs nothing.
//
// Gates are look-up tables, flip-flops and 16-word distributed RAMs; block RAMs and multipliers are
// Verilog models that Verilator has compiled, in two modules: `seq_cells` for those whose outputs
// change at clock edges only, `comb_cells` for the others. There is one clock.
//
// The netlist comes as 32-bit words, made by image.py; the order here and there must agree.

#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "Vcomb_cells.h"
#include "Vseq_cells.h"
#include "verilated.h"

extern "C" const uint32_t spikeloom_netlist[];

namespace netlist {

enum SinkKind : uint32_t { kLut, kFlop, kRam, kCombPin, kSeqPin };
constexpr uint32_t kKindBits = 3;
constexpr uint32_t kPinBits = 4;

// Pins of a flip-flop and of a distributed RAM, as image.py numbers them.
constexpr uint32_t kData = 1, kEnable = 2, kReset = 4;
constexpr uint32_t kReadMask = 0xF, kWriteShift = 4, kDataShift = 8, kWriteEnable = 1u << 12;

// A model whose inputs have been the same for so many edges, and whose outputs have not changed at
// the last, is in a state that every further edge leaves as it is: no cell has more stages.
constexpr int kModelStages = 6;

constexpr int kRandomSeed = 20261121;

struct Lut {
    uint32_t out;
    uint16_t table;
    uint8_t index;
    bool queued;
};

struct Flop {
    uint32_t out;
    uint8_t pins;
    bool reset_value;
    bool asynchronous;
    bool enabled_reset;  // a reset waits for the enable, too
    bool gated;          // the clock comes through the clock gate
    bool queued;
};

struct Ram {
    std::array<uint32_t, 4> out;
    std::array<uint8_t, 16> words;
    uint32_t pins;
    bool read_queued;
    bool write_queued;
};

// Reads the sections of the image one after the other.
class Words {
  public:
    explicit Words(const uint32_t* at) : at_{at} {}
    uint32_t next() { return *at_++; }
    std::vector<uint32_t> list() {
        const uint32_t count = next();
        std::vector<uint32_t> result(at_, at_ + count);
        at_ += count;
        return result;
    }

  private:
    const uint32_t* at_;
};

class Engine {
  public:
    explicit Engine(VerilatedContext* context) : comb_{random(context)}, seq_{context} {
        load(Words{spikeloom_netlist});
        power_up();
    }

    ~Engine() {
        comb_.final();
        seq_.final();
    }

    bool get(uint32_t net) const { return value_[net]; }

    // Changes a net that nothing drives, such as an input.
    void drive(uint32_t net, bool value) {
        if (value_[net] != value) toggle(net);
    }

    // Lets all changes come to rest.
    void settle() {
        do {
            for (uint32_t level = 0; level < queues_.size(); ++level) {
                if (!queues_[level].empty()) evaluate(queues_[level]);
            }
        } while (reset_asynchronously());
    }

    // A rising edge of the clock; false if no net has changed in it.
    bool edge() {
        changes_.clear();
        const bool open = value_[gate_];
        clock_flops(open);
        if (open) {
            clock_rams();
            clock_models();
        }
        for (uint32_t net : changes_) toggle(net);
        settle();
        return !changes_.empty() || seq_awake_ > 0 || (comb_awake_ > 0 && comb_clocked_);
    }

    // Nets and numbers that whoever drives the engine has asked for.
    std::vector<uint32_t> ports, settings;

  private:
    // What models leave open, the contents of memories at power-up too, is different in each place.
    static VerilatedContext* random(VerilatedContext* context) {
        context->randReset(2);
        context->randSeed(kRandomSeed);
        return context;
    }

    void load(Words words) {
        ports = words.list();
        settings = words.list();
        gate_ = words.next();
        comb_clocked_ = words.next();
        const auto luts = words.list();
        for (size_t k = 0; k < luts.size(); k += 2) {
            luts_.push_back({luts[k], static_cast<uint16_t>(luts[k + 1]), 0, false});
        }
        const auto flops = words.list();
        for (size_t k = 0; k < flops.size(); k += 2) {
            const uint32_t flags = flops[k + 1];
            flops_.push_back({flops[k], 0, (flags & 1) != 0, (flags & 2) != 0,
                              (flags & 8) != 0, (flags & 16) != 0, false});
            if (flags & 4) initially_high_.push_back(flops[k]);
        }
        const auto rams = words.list();
        for (size_t k = 0; k < rams.size(); k += 6) {
            Ram ram{{rams[k], rams[k + 1], rams[k + 2], rams[k + 3]}, {}, 0, false, false};
            const uint64_t contents = rams[k + 4] | uint64_t{rams[k + 5]} << 32;
            for (int word = 0; word < 16; ++word) ram.words[word] = contents >> 4 * word & 0xF;
            rams_.push_back(ram);
        }
        comb_pin_model_ = words.list();
        const auto comb = words.list();
        for (size_t k = 0; k < comb.size(); k += 2) {
            comb_outputs_.push_back({comb[k], comb[k + 1]});
        }
        comb_nets_ = words.list();
        seq_nets_ = words.list();
        level_ = words.list();
        sink_begin_ = words.list();
        sinks_ = words.list();
        const uint32_t levels = words.next();
        queues_.resize(levels);
        comb_queued_.resize(comb_outputs_.size());
        value_.resize(sink_begin_.size() - 1);
    }

    // Nodes are the tables, then the distributed RAMs, then the models with combinational paths.
    void power_up() {
        clear(comb_.i);
        clear(seq_.i);
        for (uint32_t id = 0; id < luts_.size(); ++id) queue(luts_[id].queued, id);
        for (uint32_t id = 0; id < rams_.size(); ++id) {
            queue(rams_[id].read_queued, luts_.size() + id);
        }
        for (uint32_t id = 0; id < comb_outputs_.size(); ++id) queue_model(id);
        for (uint32_t id = 0; id < flops_.size(); ++id) queue_flop(id);
        value_[0] = 0;
        toggle(1);
        for (uint32_t net : initially_high_) toggle(net);
        comb_.clk = seq_.clk = 0;
        comb_.eval();
        seq_.eval();
        for (uint32_t k = 0; k < seq_nets_.size(); ++k) {
            if (bit(seq_.o, k) != value_[seq_nets_[k]]) toggle(seq_nets_[k]);
        }
        settle();
    }

    template <typename Vector>
    static void clear(Vector& vector) {
        std::memset(&vector, 0, sizeof vector);
    }

    template <typename Vector>
    static bool bit(const Vector& vector, uint32_t k) {
        return vector[k / 32] >> k % 32 & 1;
    }

    void queue(bool& queued, uint32_t node) {
        if (queued) return;
        queued = true;
        queues_[level_[node]].push_back(node);
    }

    void queue_flop(uint32_t id) {
        if (flops_[id].queued) return;
        flops_[id].queued = true;
        flop_queue_.push_back(id);
    }

    void queue_model(uint32_t id) {
        if (comb_queued_[id]) return;
        comb_queued_[id] = 1;
        const uint32_t node = luts_.size() + rams_.size() + id;
        queues_[level_[node]].push_back(node);
    }

    void toggle(uint32_t net) {
        value_[net] ^= 1;
        for (uint32_t at = sink_begin_[net]; at < sink_begin_[net + 1]; ++at) {
            const uint32_t code = sinks_[at];
            const uint32_t pin = code >> kKindBits & ((1u << kPinBits) - 1);
            const uint32_t id = code >> (kKindBits + kPinBits);
            switch (code & ((1u << kKindBits) - 1)) {
                case kLut:
                    luts_[id].index ^= 1u << pin;
                    queue(luts_[id].queued, id);
                    break;
                case kFlop:
                    flops_[id].pins ^= 1u << pin;
                    queue_flop(id);
                    if (flops_[id].asynchronous && pin == 2) reset_queue_.push_back(id);
                    break;
                case kRam: toggle_ram_pin(id, pin); break;
                case kCombPin:
                    comb_.i[id / 32] ^= 1u << id % 32;
                    comb_awake_ = kModelStages;
                    queue_model(comb_pin_model_[id]);
                    break;
                case kSeqPin:
                    seq_.i[id / 32] ^= 1u << id % 32;
                    seq_awake_ = kModelStages;
                    break;
            }
        }
    }

    void toggle_ram_pin(uint32_t id, uint32_t pin) {
        Ram& ram = rams_[id];
        ram.pins ^= 1u << pin;
        if (1u << pin & kReadMask) {
            queue(ram.read_queued, luts_.size() + id);
        } else if (!ram.write_queued) {
            ram.write_queued = true;
            ram_queue_.push_back(id);
        }
    }

    void evaluate(std::vector<uint32_t>& nodes) {
        bool models_known = false;
        // What changes here is on higher levels: the list does not grow meanwhile.
        for (uint32_t node : nodes) {
            if (node < luts_.size()) {
                Lut& lut = luts_[node];
                lut.queued = false;
                if ((lut.table >> lut.index & 1) != value_[lut.out]) toggle(lut.out);
            } else if (node < luts_.size() + rams_.size()) {
                read_ram(rams_[node - luts_.size()]);
            } else {
                if (!models_known) comb_.eval();
                models_known = true;
                read_model(node - luts_.size() - rams_.size());
            }
        }
        nodes.clear();
    }

    void read_ram(Ram& ram) {
        ram.read_queued = false;
        const uint8_t word = ram.words[ram.pins & kReadMask];
        for (int k = 0; k < 4; ++k) {
            if ((word >> k & 1) != value_[ram.out[k]]) toggle(ram.out[k]);
        }
    }

    void read_model(uint32_t id) {
        comb_queued_[id] = 0;
        for (uint32_t k = comb_outputs_[id].first; k < comb_outputs_[id].second; ++k) {
            if (bit(comb_.o, k) != value_[comb_nets_[k]]) toggle(comb_nets_[k]);
        }
    }

    bool reset_asynchronously() {
        if (reset_queue_.empty()) return false;
        for (uint32_t id : reset_queue_) {
            const Flop& flop = flops_[id];
            if (flop.pins & kReset && value_[flop.out] != flop.reset_value) toggle(flop.out);
        }
        reset_queue_.clear();
        return true;
    }

    // An edge that finds the pins of the edge before changes nothing: others are looked at only.
    void clock_flops(bool open) {
        waiting_.clear();
        for (uint32_t id : flop_queue_) {
            Flop& flop = flops_[id];
            if (flop.gated && !open) {
                waiting_.push_back(id);
                continue;
            }
            flop.queued = false;
            bool next = value_[flop.out];
            const bool enabled = flop.pins & kEnable;
            if (flop.pins & kReset && (enabled || !flop.enabled_reset)) {
                next = flop.reset_value;
            } else if (enabled) {
                next = flop.pins & kData;
            }
            if (next != value_[flop.out]) changes_.push_back(flop.out);
        }
        flop_queue_.swap(waiting_);
    }

    void clock_rams() {
        for (uint32_t id : ram_queue_) {
            Ram& ram = rams_[id];
            ram.write_queued = false;
            if (!(ram.pins & kWriteEnable)) continue;
            const uint32_t address = ram.pins >> kWriteShift & 0xF;
            ram.words[address] = ram.pins >> kDataShift & 0xF;
            if (address == (ram.pins & kReadMask)) queue(ram.read_queued, luts_.size() + id);
        }
        ram_queue_.clear();
    }

    void clock_models() {
        if (seq_awake_ > 0) seq_awake_ = clock_model(seq_, seq_nets_, seq_awake_);
        if (comb_awake_ > 0 && comb_clocked_) {
            comb_awake_ = clock_model(comb_, comb_nets_, comb_awake_);
        }
    }

    template <typename Model>
    int clock_model(Model& model, const std::vector<uint32_t>& nets, int awake) {
        const size_t before = changes_.size();
        model.clk = 1;
        model.eval();
        for (uint32_t k = 0; k < nets.size(); ++k) {
            if (bit(model.o, k) != value_[nets[k]]) changes_.push_back(nets[k]);
        }
        model.clk = 0;
        model.eval();
        return changes_.size() > before ? kModelStages : awake - 1;
    }

    uint32_t gate_ = 0;
    bool comb_clocked_ = false;
    Vcomb_cells comb_;
    Vseq_cells seq_;
    std::vector<Lut> luts_;
    std::vector<Flop> flops_;
    std::vector<Ram> rams_;
    std::vector<std::pair<uint32_t, uint32_t>> comb_outputs_;
    std::vector<uint32_t> comb_pin_model_, comb_nets_, seq_nets_, initially_high_;
    std::vector<uint32_t> level_, sink_begin_, sinks_;
    std::vector<uint8_t> value_, comb_queued_;
    std::vector<std::vector<uint32_t>> queues_;
    int comb_awake_ = kModelStages, seq_awake_ = kModelStages;
    std::vector<uint32_t> flop_queue_, waiting_, ram_queue_, reset_queue_, changes_;
};

}  // namespace netlist
