// The semantics page as a compiled kernel: event words in, output words out.
//
// One call runs many steps. Compiled at first use; build.py tells how, kernel.py calls it.

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <system_error>
#include <thread>

#include "learning.h"
#include "neurons.h"
#include "samples.h"

namespace {

constexpr uint16_t kProbeTag = 0xC000;
constexpr int kProbeLowBits = 16, kProbeHighBits = 6;
constexpr uint32_t kProbeMask = (1u << (kProbeLowBits + kProbeHighBits)) - 1;
constexpr int64_t kSampleWords = 1 << 14;  // output words that a sample gets room for at first

struct Kernel {
    Network network;
    std::unique_ptr<State> state;
};

// One step of a sample; semantics section 3 between the parts of section 7.
void step(State &state, const Network &network, uint32_t t) {
    const bool learns = network.registers.learns;
    if (learns) state.key = step_key(network.registers.seed, t);
    if (network.registers.encoded_inputs || network.registers.pattern_length)
        stimulate(state, network, t);
    take_active(state, network, t);
    for (int core = 0; core < network.shape.cores; ++core) {
        if (state.active_count) arrive(state, network, core);
        if (learns) learn_arrivals(state, network, core);
        update_core(state, network, core, t);
        emit(state, network, core, t);
        if (learns) learn_spikes(state, network, core);
        if (learns && has_pass(network.rules[core], t)) reward(state, network, core);
    }
    if (is_read_out(state, network))
        read_out(state, network);
    else
        grow_older(state.sample);
}

int fired_count(const State &state, const Network &network) {
    return state.fired_end[network.shape.cores];
}

// EVENT: the axon spikes, if it is an input in use and the sample is not decided.
void take_event(Run &run, State &state, const Network &network, int axon) {
    if (state.sample.decided) return;
    const int end = std::min(network.registers.axons_in_use, network.shape.axons);
    if (axon >= network.neurons() && axon < end)
        set_pending(state, network, run.t, axon);
    else
        ++run.tally.refused;
}

void tell_steps(Run &run) {
    if (run.untold) run.out[run.out_count++] = uint16_t(kStepTag | run.untold);
    run.untold = 0;
}

uint32_t probe_value(const State &state, const Network &network, int probe) {
    const Numbers *const quantities[] = {&state.v, &state.i, &state.theta};
    const int neuron = network.memory.probe_neuron[probe];
    const int quantity = network.memory.probe_quantity[probe];
    if (neuron < 0 || quantity > 2) return 0;
    return uint32_t((*quantities[quantity])[neuron]) & kProbeMask;
}

// Writes the spikes of neurons that are not silent, after those of steps not told yet.
KEPT_APART void tell_spikes(Run &run, const State &state, const Network &network) {
    for (int k = 0; k < fired_count(state, network); ++k) {
        if (network.memory.silent[state.fired[k]]) continue;
        tell_steps(run);
        run.out[run.out_count++] = uint16_t(state.fired[k]);
    }
}

// How many spikes of the step are reported.
int told_count(const State &state, const Network &network) {
    const int fired = fired_count(state, network);
    int silent = 0;
    if (network.silences)
        for (int k = 0; k < fired; ++k) silent += network.memory.silent[state.fired[k]];
    return fired - silent;
}

// Writes the spikes that are reported as a bitmap, behind a STEP word that says so.
KEPT_APART void tell_map(Run &run, const State &state, const Network &network) {
    run.out[run.out_count++] = uint16_t(kStepTag | kMapBit | run.untold);
    run.untold = 0;
    uint16_t *const map = run.out + run.out_count;
    std::fill_n(map, network.registers.map_words, uint16_t(0));
    run.out_count += network.registers.map_words;
    for (int k = 0; k < fired_count(state, network); ++k) {
        const int neuron = state.fired[k];
        if (!network.memory.silent[neuron]) map[neuron / 16] |= uint16_t(1 << neuron % 16);
    }
}

// Writes the words of the step that just ran, after those of steps not told yet.
void tell(Run &run, const State &state, const Network &network) {
    const int fired = fired_count(state, network), probes = network.registers.probes_in_use;
    const int map_words = network.registers.map_words;
    if (map_words && fired > map_words && told_count(state, network) > map_words) {
        tell_map(run, state, network);
    } else {
        if (probes || (fired && !network.silences)) tell_steps(run);
        if (network.silences)
            tell_spikes(run, state, network);
        else
            for (int k = 0; k < fired; ++k) run.out[run.out_count++] = uint16_t(state.fired[k]);
    }
    for (int probe = 0; probe < probes; ++probe) {
        const uint32_t value = probe_value(state, network, probe);
        run.out[run.out_count++] =
            uint16_t(kProbeTag | probe << kProbeHighBits | value >> kProbeLowBits);
        run.out[run.out_count++] = uint16_t(value);
    }
    if (++run.untold == network.registers.longest_told) tell_steps(run);
}

// Runs steps of a STEP word, but none once the sample is decided; returns whether all of them.
bool run_steps(Run &run, State &state, const Network &network) {
    const int64_t most_words = network.neurons() + 2 * network.registers.probes_in_use + 2;
    Tally &tally = run.tally;
    for (; run.left; --run.left) {
        if (state.sample.decided) {
            run.left = 0;
            break;
        }
        if (run.out_count + most_words > run.out_capacity || run.most_steps == 0) return false;
        --run.most_steps;
        step(state, network, run.t);
        tell(run, state, network);
        ++run.t;
        ++tally.steps;
        tally.arrivals += tally.last_arrivals = state.active_count;
        tally.spikes += tally.last_fired = fired_count(state, network);
    }
    return true;
}

int64_t last_swept(const State &state, const Network &network, uint32_t t) {
    int64_t most = 0;
    for (int core = 0; core < network.shape.cores && network.registers.learns; ++core)
        most = std::max(most, swept_words(state, network, core, t));
    return most;
}

// Counts the words swept in the last step, as long as traces are what it left.
void count_swept(Run &run, State &state, const Network &network) {
    if (run.tally.steps != state.swept_steps)
        run.tally.last_swept = last_swept(state, network, run.t - 1);
    state.swept_steps = run.tally.steps;
}

// BITMAP and its words: an EVENT for each bit; a step follows.
KEPT_APART void take_bitmap(Run &run, State &state, const Network &network, const uint16_t *words) {
    const int count = words[0] & kMaxBitmapWords;
    for (int j = 0; j < count; ++j)
        for (uint32_t bits = words[1 + j]; bits; bits &= bits - 1)
            take_event(run, state, network, network.neurons() + 16 * j + __builtin_ctz(bits));
    run.left = 1;
}

// SAMPLE; there is room for its report.
KEPT_APART void take_sample(Run &run, State &state, const Network &network, int flags) {
    if (flags & kReport) {
        tell_steps(run);
        put_result(state.sample, run.out + run.out_count);
        run.out_count += kResultWords;
    }
    count_swept(run, state, network);
    begin_sample(state, network, flags);
    run.cleared |= flags;
}

// Takes words and runs steps until they end, or a CONTROL word comes, or `out` is full.
Stop take_words(Run &run, State &state, const Network &network) {
    while (true) {
        if (!run_steps(run, state, network)) return kFull;
        if (run.in_at == run.in_count) return kEnd;
        const uint16_t *const words = run.in + run.in_at, head = *words;
        if (head < kControlTag) {
            ++run.in_at;
            if (head & kStepTag)
                run.left = head & kMaxStepCount;
            else
                take_event(run, state, network, head);
            continue;
        }
        const int length = word_length(network.shape, head);
        if (run.in_count - run.in_at < length) return kEnd;
        if (!network.shape.sampling || head < kBitmapTag) return kControl;
        if (head >= kSampleTag && run.out_count + 1 + kResultWords > run.out_capacity)
            return kFull;
        run.in_at += length;
        if (head < kLevelsTag)
            take_bitmap(run, state, network, words);
        else if (head < kSampleTag)
            set_levels(state, network, words);
        else
            take_sample(run, state, network, head);
    }
}

// Samples that do not depend on each other, and the output words of each.
struct Batch {
    std::vector<std::vector<uint16_t>> words;
    std::vector<Tally> tallies;
    std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};
};

// What one thread runs its samples with.
struct Worker {
    State state;
    std::vector<uint16_t> out;

    explicit Worker(const Network &network) : state(network), out(kSampleWords) {
        open_sample(state, network);
    }

    // Runs a sample from the reset state; levels that it does not set are the network's, since
    // each sets the same.
    Tally run_sample(const Network &network, const uint16_t *in, int64_t count,
                     std::vector<uint16_t> &words) {
        begin_sample(state, network, kRestart | kClearState | kClearTheta | kClearTraces);
        state.swept_steps = 0;
        Run run{};
        run.in = in;
        run.in_count = count;
        run.most_steps = INT64_MAX;
        const auto takes_all = [&] {
            run.out = out.data();
            run.out_capacity = int64_t(out.size()) - 1;  // the last STEP word
            return take_words(run, state, network) != kFull;
        };
        const size_t more = network.neurons() + 2 * network.shape.probes;
        while (!takes_all()) out.resize(2 * out.size() + more);
        tell_steps(run);
        words.assign(run.out, run.out + run.out_count);
        return run.tally;
    }
};

void run_samples(Batch &batch, const Network &network, const uint16_t *words, const int64_t *ends) {
    const int64_t count = int64_t(batch.words.size());
    try {
        Worker worker(network);
        for (int64_t k; (k = batch.next++) < count;) {
            const int64_t begin = k ? ends[k - 1] : 0;
            batch.tallies[k] =
                worker.run_sample(network, words + begin, ends[k] - begin, batch.words[k]);
        }
    } catch (const std::bad_alloc &) {
        batch.failed = true;
    }
}

// Runs `work` in some threads, this one among them; fewer where the system has no more.
template <class Work>
void in_threads(int count, Work work) {
    std::vector<std::thread> others;
    try {
        for (int k = 1; k < count; ++k) others.emplace_back(work);
    } catch (const std::system_error &) {
    }
    work();
    for (std::thread &other : others) other.join();
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

// Writes how many bytes each structure has that Python shares.
EXPORTED void fast_sizes(int64_t *sizes) {
    for (const size_t size : {sizeof(Shape), sizeof(Memory), sizeof(Registers), sizeof(CoreRule),
                              sizeof(Tally), sizeof(Run), sizeof(Scan)})
        *sizes++ = int64_t(size);
}

// Returns a kernel, or null if there is no memory for it.
EXPORTED Kernel *fast_open(const Shape *shape) try {
    auto kernel = std::make_unique<Kernel>();
    open_network(kernel->network, *shape);
    kernel->state = std::make_unique<State>(kernel->network);
    return kernel.release();
} catch (const std::bad_alloc &) {
    return nullptr;
}

EXPORTED void fast_close(Kernel *kernel) { delete kernel; }

EXPORTED void fast_load(Kernel *kernel, const Memory *memory) {
    load_network(kernel->network, *memory);
    load_state(*kernel->state, kernel->network);
}

EXPORTED void fast_store(const Kernel *kernel) { store_state(*kernel->state, kernel->network); }

EXPORTED void fast_registers(Kernel *kernel, const Registers *registers, const CoreRule *rules) {
    Network &network = kernel->network;
    network.registers = *registers;
    for (int core = 0; core < network.shape.cores; ++core) set_rule(network, core, rules[core]);
    if (registers->learns && network.memory.plastic && network.mixed.empty()) find_mixed(network);
}

EXPORTED int32_t fast_run(Kernel *kernel, Run *run) {
    const Network &network = kernel->network;
    kernel->state->swept_steps = run->tally.steps;
    const Stop stop = take_words(*run, *kernel->state, network);
    count_swept(*run, *kernel->state, network);
    return stop;
}

// Tells of inputs [ends[k-1], ends[k]) of `words` what they hold.
EXPORTED void fast_scan(const Kernel *kernel, const uint16_t *words, const int64_t *ends,
                        int64_t count, Scan *scans) {
    int64_t begin = 0;
    for (int64_t k = 0; k < count; begin = ends[k++])
        scans[k] = scan(kernel->network.shape, words + begin, ends[k] - begin);
}

// Runs samples [ends[k-1], ends[k]) of `words`, none of which has a CONTROL word, each from the
// reset state and without learning. Returns a batch, or null if there is no memory for it.
EXPORTED Batch *fast_batch(const Kernel *kernel, const uint16_t *words, const int64_t *ends,
                           int64_t count, int32_t threads) try {
    Network network = kernel->network;
    network.registers.learns = 0;
    auto batch = std::make_unique<Batch>();
    batch->words.resize(count);
    batch->tallies.resize(count);
    in_threads(threads, [&] { run_samples(*batch, network, words, ends); });
    return batch->failed ? nullptr : batch.release();
} catch (const std::bad_alloc &) {
    return nullptr;
}

// Writes how many words each sample has, and adds up what they count.
EXPORTED void fast_batch_sizes(const Batch *batch, int64_t *sizes, Tally *total) {
    for (const auto &words : batch->words) *sizes++ = int64_t(words.size());
    for (const Tally &tally : batch->tallies) {
        total->steps += tally.steps;
        total->spikes += tally.spikes;
        total->arrivals += tally.arrivals;
        total->refused += tally.refused;
    }
}

// Writes the words of all samples, one after the other, and frees the batch.
EXPORTED void fast_batch_take(Batch *batch, uint16_t *out) {
    for (const auto &words : batch->words) out = std::copy(words.begin(), words.end(), out);
    delete batch;
}
