#define _GNU_SOURCE
#include "udp.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* More than ten seconds of a thousand phones: a queue as long as this is a fault. */
#define MAX_QUEUED_BYTES (8u << 20)
/* Packets that one system call takes. */
#define SEND_BATCH 64
#define NICENESS (-20)
#define NANOSECONDS 1000000000LL

struct Batch {
  Batch *next;
  int64_t departure;
  size_t length;
  uint32_t count;
  uint8_t packets[];
};

int64_t monotonic_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * NANOSECONDS + t.tv_nsec;
}

static Outgoing *next_packet(const Outgoing *packet) {
  return (Outgoing *)((uint8_t *)packet + sizeof *packet + ((packet->length + 3u) & ~3u));
}

static void count_failure(Sender *sender, int error) {
  Failure failure = OTHER;
  if (error == EAGAIN) failure = WOULD_BLOCK;
  else if (error == ENOBUFS || error == ENOMEM) failure = NO_BUFFERS;
  else if (error == ECONNREFUSED) failure = REFUSED;
  else if (error == ENETUNREACH || error == EHOSTUNREACH) failure = UNREACHABLE;
  sender->failed[failure]++;
}

/* Sends packets of one socket. One that fails is lost, as on the way. */
static void send_all(Sender *sender, int fd, struct mmsghdr *messages, uint32_t count) {
  for (uint32_t done = 0; done < count;) {
    int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += sent;
    } else if (errno != EINTR) {
      count_failure(sender, errno);
      done++;
    }
  }
}

/* `only`: the one socket to send on, or -1 for all; its packets are then marked as gone. */
static void send_batch(Sender *sender, Batch *batch, int only) {
  struct mmsghdr messages[SEND_BATCH];
  struct iovec vectors[SEND_BATCH];
  Outgoing *packet = (Outgoing *)batch->packets;
  uint32_t left = batch->count;
  while (left > 0) {
    int fd = packet->port;
    uint32_t count = 0;
    for (; left > 0 && count < SEND_BATCH && packet->port == fd; left--, count++, packet = next_packet(packet)) {
      sa_family_t family;
      memcpy(&family, packet->target, sizeof family);
      vectors[count] = (struct iovec){packet + 1, packet->length};
      messages[count].msg_hdr = (struct msghdr){.msg_name = packet->target,
        .msg_namelen = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
        .msg_iov = &vectors[count], .msg_iovlen = 1};
      if (only >= 0 && fd == only) packet->port = -1;
    }
    if (fd >= 0 && (only < 0 || fd == only)) send_all(sender, fd, messages, count);
  }
}

/* With the lock held: takes what is due off the queue. */
static Batch *take_due(Sender *sender, int64_t now) {
  Batch *first = sender->head, *last = NULL;
  while (sender->head && sender->head->departure <= now) {
    last = sender->head;
    sender->head = last->next;
    sender->queued_bytes -= last->length;
  }
  if (!sender->head) sender->tail = NULL;
  if (!last) return NULL;
  last->next = NULL;
  return first;
}

static void send_list(Sender *sender, Batch *batch, int64_t now) {
  while (batch) {
    Batch *next = batch->next;
    if (now - batch->departure > sender->latest_nanoseconds) sender->latest_nanoseconds = now - batch->departure;
    send_batch(sender, batch, -1);
    free(batch);
    batch = next;
  }
}

/* Ahead of everything else, as far as that is allowed (root, LimitRTPRIO=): it does next to nothing, but that on time. Where the process
 * has real-time priority itself, by one more than that. */
static void hurry(void) {
  struct sched_param param;
  int policy;
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
  if (pthread_getschedparam(pthread_self(), &policy, &param)) return;
  /* Its priority is 0 without real time. */
  if (policy != SCHED_RR) policy = SCHED_FIFO;
  param.sched_priority++;
  pthread_setschedparam(pthread_self(), policy, &param);
}

static void *run(void *data) {
  Sender *sender = data;
  hurry();
  pthread_mutex_lock(&sender->lock);
  while (!sender->quit) {
    int64_t now = monotonic_nanoseconds();
    Batch *due = take_due(sender, now);
    if (due) {
      sender->sending = true;
      pthread_mutex_unlock(&sender->lock);
      send_list(sender, due, now);
      pthread_mutex_lock(&sender->lock);
      sender->sending = false;
      pthread_cond_broadcast(&sender->idle);
    } else if (sender->head) {
      int64_t departure = sender->head->departure;
      struct timespec until = {.tv_sec = departure / NANOSECONDS, .tv_nsec = departure % NANOSECONDS};
      pthread_cond_timedwait(&sender->wake, &sender->lock, &until);
    } else {
      pthread_cond_wait(&sender->wake, &sender->lock);
    }
  }
  pthread_mutex_unlock(&sender->lock);
  return NULL;
}

int sender_start(Sender *sender) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  /* Whoever keeps the sender waiting, for the time of a few instructions, is as urgent as it. */
  pthread_mutexattr_t inheriting;
  pthread_mutexattr_init(&inheriting);
  pthread_mutexattr_setprotocol(&inheriting, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&sender->lock, &inheriting);
  pthread_mutexattr_destroy(&inheriting);
  pthread_cond_init(&sender->wake, &monotonic);
  pthread_cond_init(&sender->idle, NULL);
  pthread_condattr_destroy(&monotonic);
  /* Signals are the process's affair: none is handled here. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&sender->thread, NULL, run, sender);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  sender->running = error == 0;
  if (sender->running) pthread_setname_np(sender->thread, "canopy-udp");
  return error;
}

void sender_push(Sender *sender, const uint8_t *packets, size_t length, uint32_t count, int64_t departure) {
  Batch *batch = malloc(sizeof *batch + length);
  if (!batch) {
    sender->failed[QUEUE_FULL] += count;
    return;
  }
  *batch = (Batch){.departure = departure, .length = length, .count = count};
  memcpy(batch->packets, packets, length);
  pthread_mutex_lock(&sender->lock);
  if (sender->queued_bytes + length > MAX_QUEUED_BYTES) {
    pthread_mutex_unlock(&sender->lock);
    sender->failed[QUEUE_FULL] += count;
    free(batch);
    return;
  }
  sender->queued_bytes += length;
  Batch **at = &sender->head;
  if (sender->tail && sender->tail->departure <= departure) at = &sender->tail->next;
  else while (*at && (*at)->departure <= departure) at = &(*at)->next;
  batch->next = *at;
  *at = batch;
  if (!batch->next) sender->tail = batch;
  bool first = sender->head == batch;
  pthread_mutex_unlock(&sender->lock);
  /* Otherwise it waits for something earlier anyway. */
  if (first) pthread_cond_signal(&sender->wake);
}

void sender_release(Sender *sender, int fd) {
  pthread_mutex_lock(&sender->lock);
  while (sender->sending) pthread_cond_wait(&sender->idle, &sender->lock);
  for (Batch *batch = sender->head; batch; batch = batch->next) send_batch(sender, batch, fd);
  pthread_mutex_unlock(&sender->lock);
}

int64_t sender_cpu_nanoseconds(Sender *sender) {
  clockid_t clock;
  struct timespec t;
  if (!sender->running || pthread_getcpuclockid(sender->thread, &clock) || clock_gettime(clock, &t)) return 0;
  return t.tv_sec * NANOSECONDS + t.tv_nsec;
}

void sender_stop(Sender *sender) {
  if (!sender->running) return;
  sender->running = false;
  pthread_mutex_lock(&sender->lock);
  sender->quit = true;
  pthread_mutex_unlock(&sender->lock);
  pthread_cond_signal(&sender->wake);
  pthread_join(sender->thread, NULL);
  for (Batch *batch = sender->head, *next; batch; batch = next) {
    next = batch->next;
    free(batch);
  }
  sender->head = sender->tail = NULL;
  sender->queued_bytes = 0;
  pthread_mutex_destroy(&sender->lock);
  pthread_cond_destroy(&sender->wake);
  pthread_cond_destroy(&sender->idle);
}
