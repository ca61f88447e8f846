// An SPI flash with the two commands that the boot loader uses, cycle by cycle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Powers up asleep, as some boards leave their flash. Mode 0; 0xFF outside the contents. What it
// does not know, and all that comes too early after waking up, it ignores.
class SpiFlash {
  public:
    void fill(const uint8_t* data, size_t size, uint32_t offset, uint64_t wake_cyc) {
        contents_.assign(data, data + size);
        offset_ = offset;
        wake_cyc_ = wake_cyc;
    }

    bool selected() const { return selected_; }

    // The pins after a clock edge; returns what the flash drives.
    bool tick(bool select, bool clock, bool in, uint64_t now_cyc) {
        if (select != selected_) {
            if (!select) deselect(now_cyc);
            selected_ = select;
            bits_ = 0;
            word_ = 0;
            out_ = true;
        } else if (select && clock != clock_) {
            clock ? take(in, now_cyc) : give();
        }
        clock_ = clock;
        return out_;
    }

  private:
    static constexpr uint8_t kRead = 0x03;
    static constexpr uint8_t kWake = 0xAB;
    static constexpr uint32_t kCommandBits = 8;
    static constexpr uint32_t kAddressEnd = 32;

    void deselect(uint64_t now_cyc) {
        // Only a whole byte is a command.
        if (bits_ == kCommandBits && word_ == kWake && asleep_) {
            asleep_ = false;
            ready_at_cyc_ = now_cyc + wake_cyc_;
        }
    }

    void take(bool in, uint64_t now_cyc) {
        if (bits_ < kAddressEnd) word_ = word_ << 1 | in;
        ++bits_;
        if (bits_ == kCommandBits) reading_ = word_ == kRead && !asleep_ && now_cyc >= ready_at_cyc_;
        if (bits_ == kAddressEnd) at_bit_ = static_cast<uint64_t>(word_ & 0xFFFFFF) * 8;
    }

    void give() {
        if (bits_ < kAddressEnd || !reading_) return;
        const uint64_t byte = (at_bit_ / 8) & 0xFFFFFF;
        const uint8_t value =
            byte >= offset_ && byte - offset_ < contents_.size() ? contents_[byte - offset_] : 0xFF;
        out_ = value >> (7 - at_bit_ % 8) & 1;
        ++at_bit_;
    }

    std::vector<uint8_t> contents_;
    uint32_t offset_ = 0;
    uint64_t wake_cyc_ = 0;
    uint64_t ready_at_cyc_ = 0;
    bool asleep_ = true;
    bool selected_ = false;
    bool clock_ = false;
    bool reading_ = false;
    bool out_ = true;
    uint32_t word_ = 0;
    uint64_t bits_ = 0;
    uint64_t at_bit_ = 0;
};
