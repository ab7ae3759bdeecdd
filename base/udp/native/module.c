/* The binding: one handle a media thread, which holds its sockets and its sender. */
#define _GNU_SOURCE
#include "binding.h"
#include "udp.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* No packet is to wait for longer than this, in ms. */
#define MOST_AHEAD 1000

typedef struct {
  Sender sender;
  Sockets sockets;
  bool closed;
} Network;

static const napi_type_tag TAG = {0x51d7c2a94be84f03, 0xa6e98f3b70c1d254};

static void close_network(Network *network) {
  if (network->closed) return;
  network->closed = true;
  sender_stop(&network->sender);
  sockets_close_all(&network->sockets);
}

/* The thread of the environment ends, however abruptly. */
static void clean_up(void *data) {
  close_network(data);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)hint;
  napi_remove_env_cleanup_hook(env, clean_up, data);
  close_network(data);
  free(data);
}

static Network *network_of(napi_env env, napi_value value) {
  Network *network = argument_handle(env, value, &TAG);
  if (!network || !network->closed) return network;
  fail(env, "the network is closed");
  return NULL;
}

static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  Network *network = calloc(1, sizeof *network);
  if (!network) return fail(env, "out of memory");
  int error = sockets_open(&network->sockets);
  if (!error) error = sender_start(&network->sender);
  if (error) {
    sockets_close_all(&network->sockets);
    free(network);
    return fail(env, "%s", strerror(error));
  }
  napi_add_env_cleanup_hook(env, clean_up, network);
  return make_handle(env, network, finalize, &TAG);
}

/* Reads "address" or "address%interface" and a port into 28 bytes. `v6`: for an IPv6 socket, on which IPv4 is mapped. */
static bool read_target(napi_env env, napi_value text, napi_value port, bool v6, uint8_t *out) {
  char name[INET6_ADDRSTRLEN + IF_NAMESIZE + 8] = "::ffff:", *address = name + 7;
  size_t length = 0;
  int32_t number;
  if (napi_get_value_string_utf8(env, text, address, sizeof name - 7, &length) != napi_ok) {
    fail(env, "address must be a string");
    return false;
  }
  if (!argument_integer(env, port, "port", 0, 65535, &number)) return false;
  memset(out, 0, sizeof(struct sockaddr_in6));
  if (!v6) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)number);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) return true;
  } else {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)number);
    char *scope = strchr(address, '%');
    if (scope) {
      *scope = 0;
      in6->sin6_scope_id = if_nametoindex(scope + 1);
    }
    if (inet_pton(AF_INET6, strchr(address, ':') ? address : name, &in6->sin6_addr) == 1) return true;
  }
  fail(env, "%s is no address of an IPv%d socket", address, v6 ? 6 : 4);
  return false;
}

static napi_value target(napi_env env, napi_callback_info info) {
  napi_value values[4];
  uint8_t *out;
  size_t length;
  bool v6;
  if (!arguments(env, info, 4, values) || !argument_flag(env, values[2], "v6", &v6) ||
      !argument_bytes(env, values[3], "out", &out, &length))
    return NULL;
  uint8_t read[sizeof(struct sockaddr_in6)] __attribute__((aligned(8)));
  if (length < sizeof read) return fail(env, "out is too short");
  if (read_target(env, values[0], values[1], v6, read)) memcpy(out, read, sizeof read);
  return nothing(env);
}

static napi_value bind_port(napi_env env, napi_callback_info info) {
  napi_value values[5], result;
  bool v6;
  int32_t buffer;
  if (!arguments(env, info, 5, values) || !argument_flag(env, values[3], "v6", &v6) ||
      !argument_integer(env, values[4], "buffer", 0, INT32_MAX, &buffer))
    return NULL;
  Network *network = network_of(env, values[0]);
  uint8_t address[sizeof(struct sockaddr_in6)] __attribute__((aligned(8)));
  if (!network || !read_target(env, values[1], values[2], v6, address)) return NULL;
  uint32_t id;
  uint16_t port;
  socklen_t length = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  int error = sockets_bind(&network->sockets, (struct sockaddr *)address, length, buffer, &id, &port);
  if (error) return fail(env, "the UDP port cannot be bound: %s", strerror(error));
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, number(env, id));
  napi_set_element(env, result, 1, number(env, port));
  return result;
}

static napi_value close_port(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t number;
  if (!arguments(env, info, 2, values) || !argument_integer(env, values[1], "port", 0, 65535, &number)) return NULL;
  Network *network = network_of(env, values[0]);
  if (!network) return NULL;
  int fd = sockets_fd(&network->sockets, (uint32_t)number);
  if (fd >= 0) sender_release(&network->sender, fd);
  sockets_close(&network->sockets, (uint32_t)number);
  return nothing(env);
}

/* Looks whether `length` bytes are packets on open ports, and turns ports into descriptors. Returns how many they are, 0 if not. */
static uint32_t check_packets(const Sockets *sockets, uint8_t *bytes, size_t length) {
  uint32_t count = 0;
  for (size_t at = 0; at < length; count++) {
    Outgoing packet;
    if (length - at < sizeof packet) return 0;
    memcpy(&packet, bytes + at, sizeof packet);
    size_t whole = sizeof packet + ((packet.length + 3u) & ~3u);
    if (packet.length > MAX_DATAGRAM || whole > length - at) return 0;
    packet.port = sockets_fd(sockets, (uint32_t)packet.port);
    if (packet.port < 0) return 0;
    memcpy(bytes + at, &packet, sizeof packet);
    at += whole;
  }
  return count;
}

static napi_value send_packets(napi_env env, napi_callback_info info) {
  napi_value values[4];
  uint8_t *bytes;
  size_t capacity;
  int32_t length;
  double ahead;
  if (!arguments(env, info, 4, values) || !argument_bytes(env, values[1], "packets", &bytes, &capacity) ||
      !argument_integer(env, values[2], "length", 0, INT32_MAX, &length))
    return NULL;
  Network *network = network_of(env, values[0]);
  if (!network) return NULL;
  if ((size_t)length > capacity) return fail(env, "length is more than there is");
  if (napi_get_value_double(env, values[3], &ahead) != napi_ok || !(ahead <= MOST_AHEAD))
    return fail(env, "a packet may wait for %d ms at most", MOST_AHEAD);
  uint32_t count = check_packets(&network->sockets, bytes, (size_t)length);
  if (count == 0 && length > 0) return fail(env, "the packets are not well-formed");
  if (count > 0) {
    int64_t departure = monotonic_nanoseconds() + (int64_t)((ahead > -MOST_AHEAD ? ahead : -MOST_AHEAD) * 1e6);
    sender_push(&network->sender, bytes, (size_t)length, count, departure);
  }
  return nothing(env);
}

static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint8_t *out;
  size_t capacity;
  if (!arguments(env, info, 2, values) || !argument_bytes(env, values[1], "out", &out, &capacity)) return NULL;
  Network *network = network_of(env, values[0]);
  return network ? number(env, (double)sockets_receive(&network->sockets, out, capacity)) : NULL;
}

static napi_value forget_sources(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Network *network = network_of(env, values[0]);
  if (!network) return NULL;
  sockets_forget_sources(&network->sockets);
  return nothing(env);
}

static napi_value stats(napi_env env, napi_callback_info info) {
  static const char *const failures[FAILURES] = {
    [WOULD_BLOCK] = "wouldBlock", [NO_BUFFERS] = "noBuffers", [REFUSED] = "refused", [UNREACHABLE] = "unreachable",
    [OTHER] = "other", [QUEUE_FULL] = "queueFull"};
  napi_value values[1], result, failed;
  if (!arguments(env, info, 1, values)) return NULL;
  Network *network = network_of(env, values[0]);
  if (!network) return NULL;
  napi_create_object(env, &result);
  napi_create_object(env, &failed);
  Sender *sender = &network->sender;
  for (int i = 0; i < FAILURES; i++)
    napi_set_named_property(env, failed, failures[i], number(env, (double)sender->failed[i]));
  napi_set_named_property(env, result, "failed", failed);
  napi_set_named_property(env, result, "oversized", number(env, (double)network->sockets.oversized));
  napi_set_named_property(env, result, "departureLatenessMaxMs", number(env, (double)sender->latest_nanoseconds / 1e6));
  napi_set_named_property(env, result, "cpuSeconds", number(env, (double)sender_cpu_nanoseconds(sender) / 1e9));
  return result;
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Network *network = argument_handle(env, values[0], &TAG);
  if (!network) return NULL;
  close_network(network);
  return nothing(env);
}

NAPI_MODULE_INIT() {
  export_function(env, exports, "create", create);
  export_function(env, exports, "target", target);
  export_function(env, exports, "bind", bind_port);
  export_function(env, exports, "closePort", close_port);
  export_function(env, exports, "send", send_packets);
  export_function(env, exports, "receive", receive);
  export_function(env, exports, "forgetSources", forget_sources);
  export_function(env, exports, "stats", stats);
  export_function(env, exports, "close", close_handle);
  return exports;
}
