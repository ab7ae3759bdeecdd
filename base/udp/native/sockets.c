#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Packets of one port that are taken at a time, so that a flood on one does not keep the others waiting. */
#define RECEIVE_BATCH 64
#define READY_PORTS 256
/* In Incoming's 16 bits. */
#define MAX_PORTS 65536u
#define CONTROL_BYTES 128
#define NANOSECONDS 1000000000LL

int sockets_open(Sockets *sockets) {
  sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (sockets->epoll < 0) return errno;
  sockets->scratch = malloc(RECEIVE_BATCH * MAX_DATAGRAM);
  return sockets->scratch ? 0 : ENOMEM;
}

static int free_number(Sockets *sockets, uint32_t *number) {
  for (uint32_t i = 0; i < sockets->size; i++) {
    if (sockets->ports[i].fd >= 0) continue;
    *number = i;
    return 0;
  }
  if (sockets->size == MAX_PORTS) return EMFILE;
  uint32_t size = sockets->size == 0 ? 64 : 2 * sockets->size;
  Port *ports = realloc(sockets->ports, size * sizeof *ports);
  if (!ports) return ENOMEM;
  for (uint32_t i = sockets->size; i < size; i++) ports[i].fd = -1;
  *number = sockets->size;
  sockets->ports = ports;
  sockets->size = size;
  return 0;
}

static int open_bound(const struct sockaddr *address, socklen_t length, int buffer, uint16_t *port) {
  int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0;
  if (fd < 0) return -1;
  struct sockaddr_in6 own;
  socklen_t own_length = sizeof own;
  /* An IPv6 socket takes IPv4 too. */
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  /* Beyond net.core.rmem_max only with CAP_NET_ADMIN; without, as much as that allows. */
  if (buffer > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(fd, address, length) == 0 && getsockname(fd, (struct sockaddr *)&own, &own_length) == 0) {
    /* Where sockaddr_in has its port too. */
    *port = ntohs(own.sin6_port);
    return fd;
  }
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int sockets_bind(Sockets *sockets, const struct sockaddr *address, socklen_t length, int buffer, uint32_t *number,
                 uint16_t *port) {
  int error = free_number(sockets, number);
  if (error) return error;
  int fd = open_bound(address, length, buffer, port);
  if (fd < 0) return errno;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = *number};
  if (epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, fd, &event)) {
    error = errno;
    close(fd);
    return error;
  }
  sockets->ports[*number] = (Port){.fd = fd};
  return 0;
}

int sockets_fd(const Sockets *sockets, uint32_t number) {
  return number < sockets->size ? sockets->ports[number].fd : -1;
}

void sockets_close(Sockets *sockets, uint32_t number) {
  int fd = sockets_fd(sockets, number);
  if (fd < 0) return;
  sockets->ports[number].fd = -1;
  close(fd);
}

/* Of the clock that the kernel stamps with, which may be set: an age of a negative or absurd length is none. */
static double age_milliseconds(struct msghdr *message, const struct timespec *now) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    int64_t age = (now->tv_sec - t.tv_sec) * NANOSECONDS + now->tv_nsec - t.tv_nsec;
    return age > 0 && age < NANOSECONDS ? (double)age / 1e6 : 0;
  }
  return 0;
}

static bool same_source(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b) {
  if (a->sin6_family != b->sin6_family || a->sin6_port != b->sin6_port) return false;
  if (a->sin6_family == AF_INET)
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
  return a->sin6_scope_id == b->sin6_scope_id && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

/* An IPv4 address on an IPv6 socket (RFC 4291 §2.5.5.2) is told as what it is. */
static uint16_t write_address(const struct sockaddr_in6 *source, uint8_t *out) {
  memset(out, 0, ADDRESS_BYTES);
  if (source->sin6_family == AF_INET)
    inet_ntop(AF_INET, &((const struct sockaddr_in *)source)->sin_addr, (char *)out, ADDRESS_BYTES);
  else if (IN6_IS_ADDR_V4MAPPED(&source->sin6_addr))
    inet_ntop(AF_INET, source->sin6_addr.s6_addr + 12, (char *)out, ADDRESS_BYTES);
  else inet_ntop(AF_INET6, &source->sin6_addr, (char *)out, ADDRESS_BYTES);
  return (uint16_t)strlen((char *)out);
}

static size_t write_packet(Port *port, Incoming incoming, const struct sockaddr_in6 *source, const uint8_t *bytes,
                           uint8_t *out) {
  size_t at = sizeof incoming;
  if (!same_source(&port->source, source)) {
    port->source = *source;
    incoming.address_length = write_address(source, out + at);
    at += ADDRESS_BYTES;
  }
  memcpy(out, &incoming, sizeof incoming);
  memcpy(out + at, bytes, incoming.length);
  return at + ((incoming.length + 7u) & ~7u);
}

static size_t receive_port(Sockets *sockets, uint32_t number, uint8_t *out, size_t capacity) {
  static const size_t most = sizeof(Incoming) + ADDRESS_BYTES + MAX_DATAGRAM;
  Port *port = &sockets->ports[number];
  struct sockaddr_in6 sources[RECEIVE_BATCH];
  struct iovec vectors[RECEIVE_BATCH];
  struct mmsghdr messages[RECEIVE_BATCH];
  uint8_t controls[RECEIVE_BATCH][CONTROL_BYTES] __attribute__((aligned(8)));
  size_t room = capacity / most;
  int wanted = room < RECEIVE_BATCH ? (int)room : RECEIVE_BATCH;
  for (int i = 0; i < wanted; i++) {
    vectors[i] = (struct iovec){sockets->scratch + i * MAX_DATAGRAM, MAX_DATAGRAM};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &sources[i], .msg_namelen = sizeof sources[i],
      .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = CONTROL_BYTES};
  }
  /* An error of the socket is told once, in place of a packet, and is not ours. */
  int count = recvmmsg(port->fd, messages, wanted, MSG_DONTWAIT, NULL);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  size_t written = 0;
  for (int i = 0; i < count; i++) {
    struct msghdr *header = &messages[i].msg_hdr;
    if (header->msg_flags & MSG_TRUNC) {
      sockets->oversized++;
      continue;
    }
    /* Where sockaddr_in has its port too. */
    Incoming incoming = {.port = (uint16_t)number, .length = (uint16_t)messages[i].msg_len,
      .source_port = ntohs(sources[i].sin6_port), .age_milliseconds = age_milliseconds(header, &now)};
    written += write_packet(port, incoming, &sources[i], vectors[i].iov_base, out + written);
  }
  return written;
}

size_t sockets_receive(Sockets *sockets, uint8_t *out, size_t capacity) {
  struct epoll_event events[READY_PORTS];
  int ready = epoll_wait(sockets->epoll, events, READY_PORTS, 0);
  size_t written = 0;
  for (int i = 0; i < ready; i++) {
    uint32_t number = events[i].data.u32;
    if (sockets_fd(sockets, number) >= 0) written += receive_port(sockets, number, out + written, capacity - written);
  }
  return written;
}

void sockets_forget_sources(Sockets *sockets) {
  for (uint32_t i = 0; i < sockets->size; i++) sockets->ports[i].source = (struct sockaddr_in6){0};
}

void sockets_close_all(Sockets *sockets) {
  for (uint32_t i = 0; i < sockets->size; i++) sockets_close(sockets, i);
  if (sockets->epoll >= 0) close(sockets->epoll);
  free(sockets->ports);
  free(sockets->scratch);
  *sockets = (Sockets){.epoll = -1};
}
