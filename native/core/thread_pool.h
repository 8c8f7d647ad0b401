#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace plumline {

// A fixed set of workers for one program. The caller is worker 0, so ThreadPool(1) starts no thread. Idle workers spin
// for some microseconds, the time between two steps of a program, and then sleep. A child process made by fork() has
// no workers: there the caller does all the work.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  // Calls body(context, index, worker) once for each index in [0, jobs), worker in [0, threads()); returns when all
  // are done. Allocates nothing. Jobs must not throw and must not call parallel_for; one caller at a time. Which worker
  // runs a job is chance, so what a job computes must not depend on it.
  using Body = void (*)(void* context, int64_t index, int worker);
  void parallel_for(int64_t jobs, Body body, void* context);

  // The same for a callable: pool.parallel_for(jobs, [&](int64_t index, int worker) { ... }).
  template <class Function>
  void parallel_for(int64_t jobs, Function&& function) {
    parallel_for(
        jobs,
        [](void* context, int64_t index, int worker) {
          (*static_cast<std::remove_reference_t<Function>*>(context))(index, worker);
        },
        const_cast<void*>(static_cast<const void*>(&function)));
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumline
