#include "core/thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#if defined(_WIN32)
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

#include "core/error.h"

namespace plumline {

namespace {

constexpr int kMaxThreads = 256;
constexpr int kSpins = 4000;

// The round of work in the upper bits, the next index to hand out in the lower: a worker that was held up in an old
// round cannot take an index of a new one, because the exchange of the whole number fails.
constexpr int kIndexBits = 40;
constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#else
  std::this_thread::yield();
#endif
}

}  // namespace

struct ThreadPool::State {
  std::vector<std::thread> workers;
  int threads = 1;
  int spins = kSpins;
  long owner = 0;  // the process that has the workers

  std::atomic<uint64_t> ticket{kIndexMask};
  std::atomic<int64_t> jobs{0};
  std::atomic<Body> body{nullptr};
  std::atomic<void*> context{nullptr};
  alignas(64) std::atomic<int64_t> done{0};

  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int> sleepers{0};
  std::atomic<bool> stop{false};

  uint64_t round() const { return ticket.load() >> kIndexBits; }

  // Takes jobs of the current round until none is left.
  void work(int worker) {
    while (true) {
      uint64_t now = ticket.load();
      const Body call = body.load();
      void* const argument = context.load();
      const int64_t index = static_cast<int64_t>(now & kIndexMask);
      if (index >= jobs.load()) return;
      // Success means that no new round began since `now` was read, so what was read belongs together.
      if (!ticket.compare_exchange_weak(now, now + 1)) continue;
      call(argument, index, worker);
      done.fetch_add(1);
    }
  }

  void wait_for_round(uint64_t seen) {
    for (int i = 0; i < spins; ++i) {
      if (round() != seen || stop.load()) return;
      pause();
    }
    std::unique_lock<std::mutex> lock(mutex);
    sleepers.fetch_add(1);
    wake.wait(lock, [&] { return round() != seen || stop.load(); });
    sleepers.fetch_sub(1);
  }

  void live(int worker) {
    uint64_t seen = 0;
    while (!stop.load()) {
      wait_for_round(seen);
      seen = round();
      work(worker);
    }
  }

  void finish() {
    stop.store(true);
    { std::lock_guard<std::mutex> lock(mutex); }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads < 1 || threads > kMaxThreads)
    throw Error("threads must be 1 to " + std::to_string(kMaxThreads) + ", not " + std::to_string(threads));
  State& state = *state_;
  state.threads = threads;
  state.owner = static_cast<long>(getpid());
  // Spinning with more threads than processors would take the time from those that have work.
  if (static_cast<unsigned>(threads) > std::thread::hardware_concurrency()) state.spins = 0;
  try {
    for (int worker = 1; worker < threads; ++worker)
      state.workers.emplace_back([&state, worker] { state.live(worker); });
  } catch (const std::exception&) {
    state.finish();
    throw Error("this machine cannot start " + std::to_string(threads) + " threads");
  }
}

ThreadPool::~ThreadPool() {
  if (state_->owner == static_cast<long>(getpid()))
    state_->finish();
  else
    static_cast<void>(state_.release());  // a forked child: the workers, and whatever they held, stayed behind
}

int ThreadPool::threads() const { return state_->threads; }

void ThreadPool::parallel_for(int64_t jobs, Body body, void* context) {
  State& state = *state_;
  if (state.threads == 1 || jobs <= 1 || state.owner != static_cast<long>(getpid())) {
    for (int64_t index = 0; index < jobs; ++index) body(context, index, 0);
    return;
  }
  const uint64_t next = ((state.round() + 1) << kIndexBits);
  // Closed while the job is exchanged, and still of the old round: a worker that saw the new one now would find nothing
  // to do and wait for the round after it.
  state.ticket.store(state.ticket.load() | kIndexMask);
  state.body.store(body);
  state.context.store(context);
  state.jobs.store(jobs);
  state.done.store(0);
  state.ticket.store(next);
  if (state.sleepers.load() > 0) {
    { std::lock_guard<std::mutex> lock(state.mutex); }
    state.wake.notify_all();
  }
  state.work(0);
  for (int i = 0; state.done.load() < jobs; ++i) {
    if (i < state.spins)
      pause();
    else
      std::this_thread::yield();
  }
}

}  // namespace plumline
