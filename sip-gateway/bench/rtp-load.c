/* Many RTP senders and receivers on one UDP port of 127.0.0.1, for measurements: cheap, on time, and stamped by the kernel, so that no
 * scheduling of the reader is in the figures.
 *
 *   rtp-load FRAMES PAYLOAD-TYPE TICKS
 *
 * FRAMES holds payloads of 20 ms each, every one after its length (u16); they are sent in a loop, TICKS of the RTP clock apart. First
 * the own port is printed. Standard input then names the ports to send to, one a line, and ends them with an empty line: sending
 * begins, spread over the 20 ms. Each RTP packet that comes is written to standard output: when it came by CLOCK_MONOTONIC in
 * nanoseconds (u64), its timestamp (u32), its sequence number (u16), the sender's port (u16), the payload's length (u32) and the
 * payload, as the machine stores them. With a fourth argument, `log`, packets that are sent are written too, as of port 0 and without
 * payload. Compiled with WITH_SRTP, it sends SRTP with a known key, and takes what comes as it is. Ends with its standard input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_SRTP
#include <srtp2/srtp.h>
#endif

#define BATCH 64
#define HEADER 12
#define MOST_TARGETS 4096
#define MOST_FRAMES 65536
#define MOST_PAYLOAD 1500
/* What SRTP may add. */
#define MOST_TRAILER 256
#define FRAME_NANOSECONDS 20000000LL

struct record {
  uint64_t nanoseconds;
  uint32_t timestamp;
  uint16_t sequence;
  uint16_t port;
  uint32_t length;
} __attribute__((packed));

static uint8_t *frames[MOST_FRAMES];
static uint16_t lengths[MOST_FRAMES];
static int frame_count;
static uint16_t targets[MOST_TARGETS];
static int target_count;
static int logs_sent;

#ifdef WITH_SRTP
static srtp_t session;

/* AES_CM_128_HMAC_SHA1_80; every byte of key and salt is 1. */
static int open_srtp(void) {
  uint8_t key[SRTP_MASTER_KEY_LEN];
  srtp_policy_t policy;
  memset(key, 1, sizeof key);
  memset(&policy, 0, sizeof policy);
  srtp_crypto_policy_set_rtp_default(&policy.rtp);
  srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
  policy.ssrc.type = ssrc_any_outbound;
  policy.key = key;
  return srtp_init() || srtp_create(&session, &policy);
}

static int protect(uint8_t *packet, int length) {
  return srtp_protect(session, packet, &length) ? 0 : length;
}
#else
static int open_srtp(void) {
  return 0;
}

static int protect(uint8_t *packet, int length) {
  (void)packet;
  return length;
}
#endif

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int read_frames(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return -1;
  uint16_t length;
  while (frame_count < MOST_FRAMES && fread(&length, sizeof length, 1, file) == 1 && length <= MOST_PAYLOAD) {
    uint8_t *frame = malloc(length);
    if (!frame || fread(frame, 1, length, file) != length) break;
    lengths[frame_count] = length;
    frames[frame_count++] = frame;
  }
  fclose(file);
  return frame_count > 0 ? 0 : -1;
}

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, room = 8 << 20;
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof self;
  if (fd < 0 || bind(fd, (struct sockaddr *)&self, length)) return -1;
  if (getsockname(fd, (struct sockaddr *)&self, &length)) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on)) return -1;
  /* Without privilege it gets as much as the system allows. */
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  printf("%d\n", ntohs(self.sin_port));
  fflush(stdout);
  return fd;
}

/* The n-th packet in all: of target n % count, in its frame n / count. Targets say different parts of the clip. */
static void send_packet(int fd, uint64_t n, int payload_type, uint32_t ticks) {
  uint32_t target = n % target_count, frame = n / target_count;
  uint32_t index = (frame + target * 97) % frame_count, timestamp = frame * ticks, ssrc = 1000 + target;
  uint8_t packet[HEADER + MOST_PAYLOAD + MOST_TRAILER] __attribute__((aligned(8))) = {0x80, payload_type | (frame == 0 ? 0x80 : 0), frame >> 8, frame,
    timestamp >> 24, timestamp >> 16, timestamp >> 8, timestamp, ssrc >> 24, ssrc >> 16, ssrc >> 8, ssrc};
  memcpy(packet + HEADER, frames[index], lengths[index]);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(targets[target]), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  /* What nobody takes is the receiver's affair. */
  (void)!sendto(fd, packet, protect(packet, HEADER + lengths[index]), 0, (struct sockaddr *)&to, sizeof to);
  if (!logs_sent) return;
  struct record sent = {now(CLOCK_MONOTONIC), timestamp, (uint16_t)frame, 0, 0};
  fwrite(&sent, sizeof sent, 1, stdout);
  fflush(stdout);
}

static int64_t stamp_of(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
  }
  return 0;
}

static int receive(int fd) {
  static uint8_t packets[BATCH][2048], controls[BATCH][128];
  struct sockaddr_in from[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){packets[i], sizeof packets[i]};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i],
      .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
  }
  int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
  /* The kernel stamps by the clock that may be set; differences want the one that never is. */
  int64_t offset = now(CLOCK_MONOTONIC) - now(CLOCK_REALTIME);
  for (int i = 0; i < count; i++) {
    const uint8_t *p = packets[i];
    int is_rtcp = p[1] >= 200 && p[1] <= 206;
    if (messages[i].msg_len < HEADER + 4 || is_rtcp) continue;
    unsigned extension = p[0] & 0x10 ? 4 + 4 * (p[HEADER + 2] << 8 | p[HEADER + 3]) : 0, length = messages[i].msg_len;
    if (HEADER + extension > length) continue;
    struct record came = {(uint64_t)(stamp_of(&messages[i].msg_hdr) + offset),
      (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7], (uint16_t)(p[2] << 8 | p[3]),
      ntohs(from[i].sin_port), length - HEADER - extension};
    fwrite(&came, sizeof came, 1, stdout);
    fwrite(p + HEADER + extension, 1, came.length, stdout);
  }
  return fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 4 || read_frames(argv[1]) || open_srtp()) return 2;
  logs_sent = argc > 4;
  int payload_type = atoi(argv[2]), fd = open_socket();
  uint32_t ticks = atoi(argv[3]);
  if (fd < 0) return 1;
  char line[16];
  while (target_count < MOST_TARGETS && fgets(line, sizeof line, stdin) && line[0] != '\n')
    targets[target_count++] = atoi(line);
  if (target_count == 0) return 0;

  struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  int64_t origin = now(CLOCK_MONOTONIC);
  for (uint64_t n = 0;;) {
    int64_t left = origin + (int64_t)n * FRAME_NANOSECONDS / target_count - now(CLOCK_MONOTONIC);
    if (left <= 0) {
      send_packet(fd, n++, payload_type, ticks);
      continue;
    }
    struct timespec until = {.tv_nsec = left};
    if (ppoll(wait, 2, &until, NULL) < 0 && errno != EINTR) return 1;
    if (wait[1].revents) return 0;
    if (wait[0].revents && receive(fd)) return 1;
  }
}
