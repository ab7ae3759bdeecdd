/* What the machine itself does to a thread: one on each core, in real time where that is allowed, wakes every millisecond and does
 * nothing else. How late it is, no program could have avoided. A millisecond that was slept through counts with its own lateness, as
 * a packet due then would.
 *
 *   witness
 *
 * Prints an empty line when it begins. At the end of standard input it prints whether it had real-time priority (1 or 0), and the
 * 99.9th percentile and the largest lateness over all cores, in milliseconds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MILLISECOND 1000000LL
/* Bins of 10 us, up to a second. */
#define BIN 10000LL
#define BINS 100000
#define PRIORITY 10

static _Atomic uint32_t histogram[BINS];
static atomic_bool ended, ordinary;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 * MILLISECOND + t.tv_nsec;
}

static void *watch(void *core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET((intptr_t)core, &only);
  sched_setaffinity(0, sizeof only, &only);
  struct sched_param param = {.sched_priority = PRIORITY};
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &param)) ordinary = true;
  for (int64_t due = now() + MILLISECOND; !ended; due += MILLISECOND) {
    struct timespec until = {.tv_sec = due / (1000 * MILLISECOND), .tv_nsec = due % (1000 * MILLISECOND)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    int64_t bin = (now() - due) / BIN;
    histogram[bin < BINS ? bin : BINS - 1]++;
  }
  return NULL;
}

int main(void) {
  pthread_t threads[CPU_SETSIZE];
  int count = 0;
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores)) return 1;
  for (intptr_t core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET(core, &cores) && pthread_create(&threads[count], NULL, watch, (void *)core) == 0) count++;
  puts("");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  ended = true;
  while (count > 0) pthread_join(threads[--count], NULL);
  uint64_t total = 0, sum = 0;
  for (int i = 0; i < BINS; i++) total += histogram[i];
  int most = 0, p999 = -1;
  for (int i = 0; i < BINS; i++) {
    sum += histogram[i];
    if (p999 < 0 && sum * 1000 >= total * 999) p999 = i;
    if (histogram[i] > 0) most = i;
  }
  printf("%d %.2f %.2f\n", !ordinary, (p999 + 1) * BIN / 1e6, (most + 1) * BIN / 1e6);
  return 0;
}
