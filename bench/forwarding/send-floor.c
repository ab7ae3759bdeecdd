/* What the kernel alone takes to send: one thread sends datagrams to many sockets on loopback, in bursts as frames of video make them;
 * another thread receives them.
 *
 *   send-floor BYTES SOCKETS BURST SENDING_CORE RECEIVING_CORE
 *
 * A core of -1: wherever. Prints the sender's CPU time in microseconds per datagram, with one sendto() each, and with one sendmsg() and
 * UDP_SEGMENT per burst to a socket (0 where the kernel lacks that). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define MAX_SOCKETS 256
#define BURST_INTERVAL_NS 33000000L
#define BURSTS 45

static int receivers[MAX_SOCKETS];
static struct sockaddr_in addresses[MAX_SOCKETS];
static int sockets, burst, bytes;
static atomic_bool ended;
static uint8_t payload[65536];

static void pin(int core) {
  cpu_set_t only;
  if (core < 0) return;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  sched_setaffinity(0, sizeof only, &only);
}

static void *receive(void *core) {
  static uint8_t sink[65536];
  struct pollfd polled[MAX_SOCKETS];
  pin((int)(intptr_t)core);
  for (int i = 0; i < sockets; i++) polled[i] = (struct pollfd){.fd = receivers[i], .events = POLLIN};
  while (!ended)
    if (poll(polled, sockets, 100) > 0)
      for (int i = 0; i < sockets; i++)
        if (polled[i].revents)
          while (recv(receivers[i], sink, sizeof sink, MSG_DONTWAIT) > 0) continue;
  return NULL;
}

static double thread_cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static bool send_group(int fd, const struct sockaddr_in *to) {
  struct iovec whole = {.iov_base = payload, .iov_len = (size_t)bytes * burst};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  struct msghdr message = {.msg_name = (void *)to,
                           .msg_namelen = sizeof *to,
                           .msg_iov = &whole,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  uint16_t segment = bytes;
  header->cmsg_level = IPPROTO_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof segment);
  memcpy(CMSG_DATA(header), &segment, sizeof segment);
  return sendmsg(fd, &message, 0) >= 0;
}

/* CPU time per datagram; 0 if grouping fails. */
static double measure(int fd, bool grouped) {
  struct timespec due;
  double spent = 0;
  clock_gettime(CLOCK_MONOTONIC, &due);
  for (int round = 0; round < BURSTS; round++) {
    double before = thread_cpu_us();
    if (grouped) {
      for (int i = 0; i < sockets; i++)
        if (!send_group(fd, &addresses[i])) return 0;
    } else {
      for (int n = 0; n < burst; n++)
        for (int i = 0; i < sockets; i++)
          sendto(fd, payload, bytes, 0, (const struct sockaddr *)&addresses[i], sizeof addresses[i]);
    }
    spent += thread_cpu_us() - before;
    due.tv_nsec += BURST_INTERVAL_NS;
    if (due.tv_nsec >= 1000000000L) due.tv_sec++, due.tv_nsec -= 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
  }
  return spent / BURSTS / sockets / burst;
}

int main(int argc, char **argv) {
  if (argc != 6) return 1;
  bytes = atoi(argv[1]);
  sockets = atoi(argv[2]);
  burst = atoi(argv[3]);
  if (sockets < 1 || sockets > MAX_SOCKETS || bytes < 1 || burst < 1 || bytes * burst > 65000) return 1;
  for (int i = 0; i < sockets; i++) {
    socklen_t length = sizeof addresses[i];
    receivers[i] = socket(AF_INET, SOCK_DGRAM, 0);
    addresses[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (receivers[i] < 0 || bind(receivers[i], (struct sockaddr *)&addresses[i], length)) return 1;
    if (getsockname(receivers[i], (struct sockaddr *)&addresses[i], &length)) return 1;
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  pthread_t receiver;
  if (fd < 0 || pthread_create(&receiver, NULL, receive, (void *)(intptr_t)atoi(argv[5]))) return 1;
  pin(atoi(argv[4]));
  double single = measure(fd, false), grouped = measure(fd, true);
  ended = true;
  pthread_join(receiver, NULL);
  printf("%.3f %.3f\n", single, grouped);
  return 0;
}
