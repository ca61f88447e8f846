// Drives one Verilated board: queues of bytes on the outside, one clock on the inside.
//
// Time is counted in cycles of the board's clock. It stands still between calls of spikeloom_run,
// as if the host were infinitely fast. While the board is at rest the clock is stopped and time
// jumps to the next moment at which something happens.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "Vsim_top.h"
#include "spi_flash.h"
#include "verilated.h"

namespace {

// Lengths of bits are fractional: fixed point with 32 bits behind the point.
using Cycles = int64_t;
constexpr Cycles kOneCycle = Cycles{1} << 32;

// The board counts as at rest after this many quiet cycles, so that work handed from one unit to
// the next may be invisible for a few.
constexpr int kQuietCycles = 32;
// The least time from the end of a byte from the board to the host's answer.
constexpr uint64_t kHandOverCycles = 32;
// Past the UART bytes come one a cycle; those that follow each other are handed over together.
constexpr uint64_t kBurstCycles = 16;
// A receiver at another rate than the sender's can be within a byte for this many of its own bits.
constexpr int kSettleBits = 12;
constexpr int kPhaseBits = 24;
constexpr int kFrameBits = 10;

enum RunResult { kReady = 0, kQuiet = 1, kBudgetUsed = 2 };

struct Counters {
    uint64_t time_cyc;        // time that has passed, clock running or not
    uint64_t clock_cyc;       // cycles for which the clock ran
    uint64_t bytes_in;        // to the board, completely sent
    uint64_t bytes_out;       // from the board, completely received
    uint64_t line_in_cyc;     // cycles in which a byte was on the line to the board
    uint64_t line_out_cyc;    // cycles in which a byte was on the line from the board
    uint64_t framing_errors;  // bytes from the board without a stop bit
};

struct HeldByte {
    uint64_t time;
    uint8_t value;
};

// Sends bytes bit by bit; bytes that wait follow each other without a gap.
class BitSender {
  public:
    bool busy() const { return left_bits_ > 0; }

    void start(uint8_t byte, Cycles bit) {
        bits_ = static_cast<uint32_t>(byte) << 1 | 1u << (kFrameBits - 1);
        left_bits_ = kFrameBits;
        bit_ = bit;
        left_ += bit;
    }

    bool line() const { return left_bits_ == 0 || (bits_ & 1); }

    // One cycle passes; true when the stop bit has ended.
    bool tick() {
        if (left_bits_ == 0) return false;
        left_ -= kOneCycle;
        if (left_ > 0) return false;
        bits_ >>= 1;
        if (--left_bits_ > 0) {
            left_ += bit_;
            return false;
        }
        return true;  // what left_ is below zero shortens the next byte's first bit
    }

    void rest() { left_ = 0; }

  private:
    uint32_t bits_ = 0;
    int left_bits_ = 0;
    Cycles bit_ = 0;
    Cycles left_ = 0;
};

// Receives bytes bit by bit, sampling in the middle of each, stop bit included.
class BitReceiver {
  public:
    enum Event { kNothing, kByte, kFramingError };

    bool busy() const { return busy_ || broken_; }

    Event tick(bool line, Cycles bit) {
        if (broken_) {
            broken_ = !line;
            return kNothing;
        }
        if (!busy_) {
            if (line) return kNothing;
            busy_ = true;
            taken_ = 0;
            value_ = 0;
            bit_ = bit;
            left_ = bit / 2;
            return kNothing;
        }
        left_ -= kOneCycle;
        if (left_ > 0) return kNothing;
        left_ += bit_;
        return sample(line);
    }

    uint8_t value() const { return static_cast<uint8_t>(value_); }

  private:
    Event sample(bool line) {
        if (taken_ == 0 && line) {
            busy_ = false;  // a glitch, no start bit
            return kNothing;
        }
        if (taken_ == kFrameBits - 1) {
            busy_ = false;
            broken_ = !line;
            return line ? kByte : kFramingError;
        }
        if (taken_ > 0) value_ |= static_cast<uint32_t>(line) << (taken_ - 1);
        ++taken_;
        return kNothing;
    }

    bool busy_ = false;
    bool broken_ = false;
    int taken_ = 0;
    uint32_t value_ = 0;
    Cycles bit_ = 0;
    Cycles left_ = 0;
};

// Whether the board has a flash; one without has no such pins.
template <class Top, class = void>
constexpr bool kHasFlash = false;
template <class Top>
constexpr bool kHasFlash<Top, std::void_t<decltype(std::declval<Top>().flash_cs)>> = true;

// Joins the board's pins with its flash, if there is one; next to nothing while it rests.
template <class Top>
void tick_flash(Top& top, SpiFlash& flash, uint64_t now_cyc) {
    if constexpr (kHasFlash<Top>) {
        if (top.flash_cs || flash.selected()) {
            top.flash_cipo = flash.tick(top.flash_cs, top.flash_clk, top.flash_copi, now_cyc);
        }
    }
}

class Board {
  public:
    Board(bool bits, Cycles bit, uint64_t latency)
        : top_{&context_, "sim_top"}, bits_{bits}, bit_{bit}, latency_{latency} {
        // Verilator writes the double underscore of Amaranth's flattened names as ___05F.
        top_.bypass = !bits;
        top_.rx = 1;
        top_.byte_in___05Fvalid = 0;
        top_.byte_in___05Fpayload = 0;
    }

    ~Board() { top_.final(); }

    void set_rate(Cycles bit) { bit_ = bit; }
    void set_flash(const uint8_t* data, size_t size, uint32_t offset, uint64_t wake_cyc) {
        flash_.fill(data, size, offset, wake_cyc);
    }
    bool deaf() const { return deaf_; }
    bool running() const { return running_; }
    bool error() const { return error_; }
    void set_latency(uint64_t latency) { latency_ = latency; }

    void write(const uint8_t* data, size_t size) {
        std::lock_guard<std::mutex> guard{mutex_};
        inbox_.insert(inbox_.end(), data, data + size);
        unsent_ += size;
        posted_ = true;
    }

    size_t read(uint8_t* data, size_t size) {
        std::lock_guard<std::mutex> guard{mutex_};
        size_t count = size < outbox_.size() ? size : outbox_.size();
        for (size_t k = 0; k < count; ++k) {
            data[k] = outbox_.front();
            outbox_.pop_front();
        }
        available_ = outbox_.size();
        return count;
    }

    size_t available() const { return available_; }
    size_t unsent() const { return unsent_; }

    void clear_read() {
        std::lock_guard<std::mutex> guard{mutex_};
        outbox_.clear();
        available_ = 0;
    }

    Counters counters() {
        std::lock_guard<std::mutex> guard{mutex_};
        return published_;
    }

    // Lets time pass until `want` bytes can be read, or the board is at rest, or `budget` cycles
    // have passed.
    RunResult run(uint64_t budget, size_t want) {
        const uint64_t end = count_.clock_cyc + budget;
        RunResult result = kBudgetUsed;
        while (true) {
            if (posted_) collect();
            release();
            if (available_ >= want && !in_burst()) {
                result = kReady;
                break;
            }
            if (at_rest()) {
                if (held_.empty()) {
                    result = kQuiet;
                    break;
                }
                count_.time_cyc = held_.front().time;  // the clock stands, time goes on
                continue;
            }
            if (count_.clock_cyc >= end) break;
            bits_ ? step_bits() : step_bytes();
        }
        deaf_ = top_.deaf;
        running_ = top_.running;
        error_ = top_.error;
        std::lock_guard<std::mutex> guard{mutex_};
        published_ = count_;
        return result;
    }

  private:
    void settle() {
        top_.clk = 0;
        top_.eval();
    }

    void edge() {
        top_.clk = 1;
        top_.eval();
        tick_flash(top_, flash_, count_.time_cyc);
        ++count_.time_cyc;
        ++count_.clock_cyc;
    }

    // Takes over what the host has written meanwhile.
    void collect() {
        std::lock_guard<std::mutex> guard{mutex_};
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(at_));
        at_ = 0;
        queue_.insert(queue_.end(), inbox_.begin(), inbox_.end());
        inbox_.clear();
        posted_ = false;
        quiet_for_ = 0;
    }

    bool pending() const { return at_ < queue_.size(); }

    void sent() {
        ++at_;
        ++count_.bytes_in;
        --unsent_;
    }

    void received(uint8_t value) {
        ++count_.bytes_out;
        last_received_ = count_.time_cyc;
        held_.push_back({count_.time_cyc + latency_ + hand_over_cyc(), value});
    }

    // A stop bit is recognised in its middle. No host answers before its end and some time for the
    // board to change its rate after it; this one could.
    uint64_t hand_over_cyc() const {
        return bits_ ? static_cast<uint64_t>(bit_ / kOneCycle) + kHandOverCycles : 0;
    }

    // Hands bytes whose latency has passed to the host.
    void release() {
        if (held_.empty() || held_.front().time > count_.time_cyc) return;
        std::lock_guard<std::mutex> guard{mutex_};
        while (!held_.empty() && held_.front().time <= count_.time_cyc) {
            outbox_.push_back(held_.front().value);
            held_.pop_front();
        }
        available_ = outbox_.size();
    }

    bool in_burst() const {
        if (bits_) return false;
        if (held_.empty()) return count_.time_cyc < last_received_ + kBurstCycles && latency_ == 0;
        return held_.front().time <= count_.time_cyc + kBurstCycles;
    }

    bool at_rest() const {
        return quiet_for_ >= kQuietCycles && !pending() && settle_cyc_ == 0 && !sender_.busy() &&
               !receiver_.busy();
    }

    void watch_quiet() { quiet_for_ = top_.quiet ? quiet_for_ + 1 : 0; }

    void step_bytes() {
        top_.byte_in___05Fvalid = pending();
        if (pending()) top_.byte_in___05Fpayload = queue_[at_];
        settle();
        if (top_.byte_in___05Fvalid) {
            ++count_.line_in_cyc;
            if (top_.byte_in___05Fready) sent();
        }
        if (top_.byte_out___05Fvalid) {
            ++count_.line_out_cyc;
            received(top_.byte_out___05Fpayload);
        }
        watch_quiet();
        edge();
    }

    void step_bits() {
        if (!sender_.busy()) {
            if (pending()) {
                sender_.start(queue_[at_], bit_);
            } else {
                sender_.rest();
            }
        }
        top_.rx = sender_.line();
        settle();
        if (sender_.busy()) {
            ++count_.line_in_cyc;
            settle_cyc_ = settle_time();
            if (sender_.tick()) sent();
        } else if (settle_cyc_ > 0) {
            --settle_cyc_;
        }
        if (receiver_.busy() || !top_.tx) ++count_.line_out_cyc;
        switch (receiver_.tick(top_.tx, bit_)) {
            case BitReceiver::kByte: received(receiver_.value()); break;
            case BitReceiver::kFramingError: ++count_.framing_errors; break;
            case BitReceiver::kNothing: break;
        }
        watch_quiet();
        edge();
    }

    uint64_t settle_time() const {
        const uint64_t increment = top_.increment ? top_.increment : 1;
        return (uint64_t{kSettleBits} << kPhaseBits) / increment + kQuietCycles;
    }

    VerilatedContext context_;
    Vsim_top top_;
    SpiFlash flash_;
    const bool bits_;
    std::atomic<Cycles> bit_;
    std::atomic<uint64_t> latency_;

    // Of the thread that runs.
    std::vector<uint8_t> queue_;
    size_t at_ = 0;
    std::deque<HeldByte> held_;
    uint64_t last_received_ = 0;
    BitSender sender_;
    BitReceiver receiver_;
    Counters count_{};
    int quiet_for_ = 0;
    uint64_t settle_cyc_ = 0;

    // Between that thread and those that write and read.
    std::mutex mutex_;
    std::vector<uint8_t> inbox_;
    std::deque<uint8_t> outbox_;
    Counters published_{};
    std::atomic<bool> posted_{false};
    std::atomic<size_t> available_{0};
    std::atomic<size_t> unsent_{0};
    std::atomic<bool> deaf_{true};
    std::atomic<bool> running_{false};
    std::atomic<bool> error_{false};
};

Board* board(void* handle) { return static_cast<Board*>(handle); }

}  // namespace

// The library exports these and nothing else.
#define EXPORT __attribute__((visibility("default")))

extern "C" {

EXPORT void* spikeloom_create(int bits, int64_t bit, uint64_t latency) {
    return new Board{bits != 0, bit, latency};
}
EXPORT void spikeloom_destroy(void* handle) { delete board(handle); }
EXPORT void spikeloom_set_rate(void* handle, int64_t bit) { board(handle)->set_rate(bit); }
EXPORT void spikeloom_set_latency(void* handle, uint64_t latency) {
    board(handle)->set_latency(latency);
}
EXPORT void spikeloom_set_flash(void* handle, const uint8_t* data, size_t size, uint32_t offset,
                                uint64_t wake_cyc) {
    board(handle)->set_flash(data, size, offset, wake_cyc);
}
EXPORT int spikeloom_deaf(void* handle) { return board(handle)->deaf(); }
EXPORT int spikeloom_running(void* handle) { return board(handle)->running(); }
EXPORT int spikeloom_error(void* handle) { return board(handle)->error(); }
EXPORT void spikeloom_write(void* handle, const uint8_t* data, size_t size) {
    board(handle)->write(data, size);
}
EXPORT size_t spikeloom_read(void* handle, uint8_t* data, size_t size) {
    return board(handle)->read(data, size);
}
EXPORT size_t spikeloom_available(void* handle) { return board(handle)->available(); }
EXPORT size_t spikeloom_unsent(void* handle) { return board(handle)->unsent(); }
EXPORT void spikeloom_clear_read(void* handle) { board(handle)->clear_read(); }
EXPORT int spikeloom_run(void* handle, uint64_t budget, size_t want) {
    return board(handle)->run(budget, want);
}
EXPORT void spikeloom_counters(void* handle, Counters* counters) {
    *counters = board(handle)->counters();
}

}  // extern "C"
