/* How long a media worker holds packets: reads what enters and leaves its port from the loopback interface, with the kernel's own times,
 * so that neither the publisher's nor the receivers' delays count.
 *
 *   delay-tap PORT
 *
 * A packet that leaves belongs to the one that came with the same RTP timestamp and the same place in its frame. Needs the right to read
 * an interface (CAP_NET_RAW). Prints an empty line when it begins. At the end of standard input it prints: packets that left and were
 * matched, sends that they took, packets that left out of order, packets that the tap itself lost, and the 50th and 99th percentile and
 * the largest delay in microseconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#define FRAMES 4096
#define FRAME_PACKETS 128
#define STREAMS 4096
/* Bins of 5 us, up to half a second. */
#define BIN_NS 5000
#define BINS 100000

struct frame {
  uint32_t timestamp;
  int count;
  int64_t at[FRAME_PACKETS];
};

struct stream {
  uint64_t key;
  uint32_t timestamp;
  int ordinal;
  uint16_t sequence;
};

static struct frame frames[FRAMES];
static struct stream streams[STREAMS];
static uint64_t histogram[BINS];
static uint64_t matched, sends, disordered;
static int64_t largest;

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t read32(const uint8_t *at) { return (uint32_t)read16(at) << 16 | read16(at + 2); }

static bool is_rtp(const uint8_t *data, size_t length) {
  return length >= 12 && data[0] >> 6 == 2 && (data[1] < 192 || data[1] > 223);
}

static struct frame *frame_of(uint32_t timestamp) { return &frames[timestamp * 2654435761u % FRAMES]; }

static void came(const uint8_t *rtp, int64_t at) {
  uint32_t timestamp = read32(rtp + 4);
  struct frame *frame = frame_of(timestamp);
  if (frame->timestamp != timestamp) *frame = (struct frame){.timestamp = timestamp};
  if (frame->count < FRAME_PACKETS) frame->at[frame->count++] = at;
}

static void left(const uint8_t *rtp, uint16_t port, int64_t at) {
  uint32_t timestamp = read32(rtp + 4);
  uint16_t sequence = read16(rtp + 2);
  uint64_t key = (uint64_t)port << 32 | read32(rtp + 8);
  struct stream *stream = NULL;
  for (unsigned i = 0; i < STREAMS; i++) {
    struct stream *slot = &streams[(key * 2654435761u + i) % STREAMS];
    if (slot->key == 0) *slot = (struct stream){.key = key, .sequence = (uint16_t)(sequence - 1)};
    if (slot->key == key) {
      stream = slot;
      break;
    }
  }
  if (!stream) return;
  if ((int16_t)(sequence - stream->sequence) <= 0) disordered++;
  stream->sequence = sequence;
  if (stream->timestamp != timestamp) stream->timestamp = timestamp, stream->ordinal = 0;
  const struct frame *frame = frame_of(timestamp);
  int ordinal = stream->ordinal++;
  if (frame->timestamp != timestamp || ordinal >= frame->count) return;
  int64_t delay = at - frame->at[ordinal];
  int64_t bin = delay < 0 ? 0 : delay / BIN_NS;
  histogram[bin < BINS ? bin : BINS - 1]++;
  if (delay > largest) largest = delay;
  matched++;
}

static void take(uint8_t *packet, size_t length, int64_t at, uint16_t worker) {
  struct virtio_net_hdr hdr;
  memcpy(&hdr, packet, sizeof hdr);
  const uint8_t *ip = packet + sizeof hdr + ETH_HLEN, *end = packet + length;
  if (ip + 20 > end || ip[0] >> 4 != 4 || ip[9] != 17) return;
  const uint8_t *udp = ip + (ip[0] & 15) * 4, *data = udp + 8;
  if (data + 12 > end) return;
  uint16_t source = read16(udp), target = read16(udp + 2);
  bool in = target == worker;
  if (!in && source != worker) return;
  size_t segment = hdr.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 ? hdr.gso_size : (size_t)(end - data);
  bool counted = false;
  for (; data < end; data += segment) {
    size_t rest = (size_t)(end - data);
    if (!is_rtp(data, rest < segment ? rest : segment)) continue;
    if (in) came(data, at);
    else left(data, target, at), counted = true;
  }
  sends += counted;
}

static double percentile(double share) {
  uint64_t sum = 0;
  for (int i = 0; i < BINS; i++) {
    sum += histogram[i];
    if (sum >= share * matched) return (i + 1) * BIN_NS / 1e3;
  }
  return 0;
}

int main(int argc, char **argv) {
  static uint8_t packet[sizeof(struct virtio_net_hdr) + ETH_HLEN + 65536];
  int on = 1, buffer = 32 << 20;
  if (argc != 2) return 1;
  uint16_t worker = (uint16_t)atoi(argv[1]);
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("lo")};
  if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) || bind(fd, (struct sockaddr *)&address, sizeof address)) {
    perror("delay-tap");
    return 1;
  }
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer))
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  puts("");
  fflush(stdout);
  struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (poll(polled, 2, -1) >= 0 && !polled[1].revents) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
    struct sockaddr_ll from;
    struct iovec whole = {.iov_base = packet, .iov_len = sizeof packet};
    for (;;) {
      struct msghdr message = {.msg_name = &from,
                               .msg_namelen = sizeof from,
                               .msg_iov = &whole,
                               .msg_iovlen = 1,
                               .msg_control = control,
                               .msg_controllen = sizeof control};
      ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
      if (length < 0) break;
      /* Each packet passes the loopback interface twice: when it is sent, and when it arrives. */
      if (from.sll_pkttype != PACKET_OUTGOING) continue;
      struct timespec at = {0};
      for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) memcpy(&at, CMSG_DATA(c), sizeof at);
      take(packet, (size_t)length, (int64_t)at.tv_sec * 1000000000LL + at.tv_nsec, worker);
    }
  }
  struct tpacket_stats stats = {0};
  socklen_t length = sizeof stats;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length);
  printf("%llu %llu %llu %u %.1f %.1f %.1f\n", (unsigned long long)matched, (unsigned long long)sends,
         (unsigned long long)disordered, stats.tp_drops, percentile(0.5), percentile(0.99), largest / 1e3);
  return 0;
}
