/*
 * UDP of one media thread, in two halves: sockets and receiving, which the JavaScript thread alone touches, and a sender with a
 * thread of its own, so that packets leave on time whatever JavaScript is doing then.
 */
#ifndef CANOPY_UDP_H
#define CANOPY_UDP_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The longest packet that is sent or received; media has none over an Ethernet frame. */
#define MAX_DATAGRAM 2048

/* A packet to send, followed by its bytes, at a multiple of 4. */
typedef struct {
  /* JavaScript writes the port's number here, which becomes its file descriptor. */
  int32_t port;
  uint16_t length;
  uint16_t reserved;
  /* A sockaddr_in or sockaddr_in6. */
  uint8_t target[28];
} Outgoing;

/* A packet that was received, followed by its source's address as text (ADDRESS_BYTES, only when it differs from that of the packet
 * before on the same port) and its bytes, at a multiple of 8. */
typedef struct {
  uint16_t port;
  uint16_t length;
  uint16_t source_port;
  /* Length of the text; 0: the same address and port as before. */
  uint16_t address_length;
  /* Since the kernel got it. */
  double age_milliseconds;
} Incoming;

#define ADDRESS_BYTES 48

typedef struct Batch Batch;

/* Why packets did not leave. */
typedef enum { WOULD_BLOCK, NO_BUFFERS, REFUSED, UNREACHABLE, OTHER, QUEUE_FULL, FAILURES } Failure;

typedef struct {
  pthread_t thread;
  bool running;
  pthread_mutex_t lock;
  /* To the thread: there is something earlier to do. From it: nothing is being sent just now. */
  pthread_cond_t wake, idle;
  /* Guarded by the lock: packets by departure. */
  Batch *head, *tail;
  size_t queued_bytes;
  bool sending, quit;
  _Atomic uint64_t failed[FAILURES];
  /* Most that a packet left after its time. */
  _Atomic int64_t latest_nanoseconds;
} Sender;

typedef struct {
  /* -1: free. */
  int fd;
  struct sockaddr_in6 source;
} Port;

typedef struct {
  int epoll;
  Port *ports;
  uint32_t size;
  uint64_t oversized;
  uint8_t *scratch;
} Sockets;

int64_t monotonic_nanoseconds(void);

/* 0, or an errno. */
int sender_start(Sender *sender);
/* Sends what is queued for one socket now, and returns when nothing is being sent on it: it may be closed. */
void sender_release(Sender *sender, int fd);
/* Takes a copy of `length` bytes of well-formed packets, to leave at `departure` of CLOCK_MONOTONIC. Packets of equal time keep their order. */
void sender_push(Sender *sender, const uint8_t *packets, size_t length, uint32_t count, int64_t departure);
/* CPU time of its thread. */
int64_t sender_cpu_nanoseconds(Sender *sender);
/* Ends the thread; what is queued is dropped. Idempotent. */
void sender_stop(Sender *sender);

int sockets_open(Sockets *sockets);
/* Binds a port with a receive buffer of so many bytes (0: the system's default), and says its number here and the port that it got. 0, or an
 * errno. */
int sockets_bind(Sockets *sockets, const struct sockaddr *address, socklen_t length, int buffer, uint32_t *number,
                 uint16_t *port);
/* The descriptor of a port that is open, or -1. */
int sockets_fd(const Sockets *sockets, uint32_t number);
void sockets_close(Sockets *sockets, uint32_t number);
/* Writes what has come, as much as fits, and returns how many bytes that is. */
size_t sockets_receive(Sockets *sockets, uint8_t *out, size_t capacity);
/* From now on every source is told anew. */
void sockets_forget_sources(Sockets *sockets);
/* Closes all. Idempotent. */
void sockets_close_all(Sockets *sockets);

#endif
