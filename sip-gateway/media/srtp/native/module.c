/* The binding of libsrtp: contexts of one direction, which belong to the process, so that they survive the thread that uses them. */
#define _GNU_SOURCE
#include "binding.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <string.h>

/* Two contexts a call. */
#define SLOTS 8192
/* Longer datagrams are no media packets. The network refuses them too. */
#define MAX_DATAGRAM 2048
#define MAX_SSRCS 32
#define MAX_KEY 64
/* Results of unprotect(), beside lengths. */
#define FORGED (-1)
#define REPLAYED (-2)
#define REFUSED (-3)

typedef struct {
  pthread_mutex_t lock;
  uint32_t generation;
  srtp_t session;
  bool sending;
  bool uses_mki;
  /* The streams that libsrtp has state for, oldest first, as in packets: that is how libsrtp wants them. */
  uint32_t ssrcs[MAX_SSRCS];
  uint32_t ssrc_count;
  /* Of a sender: the number of protected RTCP packets. */
  uint32_t rtcp_sent;
  /* Of a receiver: a stream that continues an earlier one, until its first packet. Its sequence number may have overflowed in between. */
  bool is_resumed;
  uint32_t resumed_ssrc, resumed_roc;
} Slot;

static Slot slots[SLOTS];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static srtp_err_status_t initialized;

static void initialize(void) {
  for (uint32_t i = 0; i < SLOTS; i++) pthread_mutex_init(&slots[i].lock, NULL);
  initialized = srtp_init();
}

typedef void (*SetPolicy)(srtp_crypto_policy_t *policy);

static const struct {
  const char *name;
  size_t key_length;
  /* RTCP has the long tag in the _32 suites too (RFC 4568 §6.2.2, RFC 6188 §4). */
  SetPolicy rtp, rtcp;
} SUITES[] = {
  {"AEAD_AES_256_GCM", 44, srtp_crypto_policy_set_aes_gcm_256_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth},
  {"AEAD_AES_128_GCM", 28, srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_128_16_auth},
  {"AES_256_CM_HMAC_SHA1_80", 46, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
   srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
  {"AES_CM_128_HMAC_SHA1_80", 30, srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default},
  {"AES_256_CM_HMAC_SHA1_32", 46, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
   srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
  {"AES_CM_128_HMAC_SHA1_32", 30, srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, srtp_crypto_policy_set_rtcp_default},
};

static srtp_err_status_t make_session(size_t suite, bool sending, uint8_t *key, uint8_t *mki, size_t mki_length, int32_t window,
                                      srtp_t *session) {
  srtp_master_key_t master = {.key = key, .mki_id = mki, .mki_size = (unsigned)mki_length};
  srtp_master_key_t *masters[] = {&master};
  srtp_policy_t policy;
  memset(&policy, 0, sizeof policy);
  SUITES[suite].rtp(&policy.rtp);
  SUITES[suite].rtcp(&policy.rtcp);
  policy.ssrc.type = sending ? ssrc_any_outbound : ssrc_any_inbound;
  policy.window_size = (unsigned long)window;
  if (mki_length > 0) {
    policy.keys = masters;
    policy.num_master_keys = 1;
  } else {
    policy.key = key;
  }
  return srtp_create(session, &policy);
}

/* `open(suite, sending, key, mki, window)`: the id of a new context. */
static napi_value open_context(napi_env env, napi_callback_info info) {
  napi_value values[5];
  int32_t suite, window;
  bool sending;
  uint8_t *key, *mki;
  size_t key_length, mki_length;
  if (!arguments(env, info, 5, values) ||
      !argument_integer(env, values[0], "suite", 0, sizeof SUITES / sizeof *SUITES - 1, &suite) ||
      !argument_flag(env, values[1], "sending", &sending) ||
      !argument_bytes(env, values[2], "key", &key, &key_length) || !argument_bytes(env, values[3], "mki", &mki, &mki_length) ||
      !argument_integer(env, values[4], "window", 64, 0x7fff, &window))
    return NULL;
  if (key_length != SUITES[suite].key_length) return fail(env, "the key has a wrong length for %s", SUITES[suite].name);
  if (mki_length > SRTP_MAX_MKI_LEN) return fail(env, "the MKI is too long");
  uint8_t own[MAX_KEY];
  memcpy(own, key, key_length);
  srtp_t session = NULL;
  srtp_err_status_t error = make_session((size_t)suite, sending, own, mki, mki_length, window, &session);
  explicit_bzero(own, sizeof own);
  if (error) return fail(env, "libsrtp refuses %s (error %d)", SUITES[suite].name, (int)error);
  pthread_mutex_lock(&opening);
  for (uint32_t i = 0; i < SLOTS; i++) {
    Slot *slot = &slots[i];
    pthread_mutex_lock(&slot->lock);
    bool is_free = !slot->session;
    if (is_free) {
      slot->generation++;
      slot->session = session;
      slot->sending = sending;
      slot->uses_mki = mki_length > 0;
      slot->ssrc_count = 0;
      slot->rtcp_sent = 0;
      slot->is_resumed = false;
    }
    double id = (double)i + (double)SLOTS * slot->generation;
    pthread_mutex_unlock(&slot->lock);
    if (is_free) {
      pthread_mutex_unlock(&opening);
      return number(env, id);
    }
  }
  pthread_mutex_unlock(&opening);
  srtp_dealloc(session);
  return fail(env, "too many contexts are open");
}

/* Locks the slot of an open context; NULL if it is closed. */
static Slot *lock_context(napi_env env, napi_value value) {
  double id;
  if (napi_get_value_double(env, value, &id) != napi_ok || !(id >= 0 && id < 0x1p52)) return NULL;
  uint64_t whole = (uint64_t)id;
  Slot *slot = &slots[whole % SLOTS];
  pthread_mutex_lock(&slot->lock);
  if (slot->session && slot->generation == (uint32_t)(whole / SLOTS)) return slot;
  pthread_mutex_unlock(&slot->lock);
  return NULL;
}

static napi_value close_context(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Slot *slot = lock_context(env, values[0]);
  if (slot) {
    srtp_dealloc(slot->session);
    slot->session = NULL;
    pthread_mutex_unlock(&slot->lock);
  }
  return nothing(env);
}

static bool knows(const Slot *slot, uint32_t ssrc) {
  for (uint32_t i = 0; i < slot->ssrc_count; i++)
    if (slot->ssrcs[i] == ssrc) return true;
  return false;
}

/* libsrtp never forgets a stream by itself. A sender's oldest one has ended long ago. */
static void remember(Slot *slot, uint32_t ssrc) {
  if (knows(slot, ssrc)) return;
  if (slot->ssrc_count == MAX_SSRCS) {
    srtp_remove_stream(slot->session, slot->ssrcs[0]);
    memmove(slot->ssrcs, slot->ssrcs + 1, sizeof *slot->ssrcs * (MAX_SSRCS - 1));
    slot->ssrc_count--;
  }
  slot->ssrcs[slot->ssrc_count++] = ssrc;
}

/* Unprotects the first packet of a resumed stream, with its rollover counter or the next one. */
static srtp_err_status_t unprotect_resumed(Slot *slot, uint8_t *packet, int *length) {
  uint8_t copy[MAX_DATAGRAM];
  int received = *length;
  memcpy(copy, packet, (size_t)received);
  srtp_err_status_t error = srtp_unprotect_mki(slot->session, packet, length, slot->uses_mki);
  if (error == srtp_err_status_auth_fail) {
    uint32_t ssrc = ntohl(slot->resumed_ssrc);
    srtp_set_stream_roc(slot->session, ssrc, slot->resumed_roc + 1);
    memcpy(packet, copy, (size_t)received);
    *length = received;
    error = srtp_unprotect_mki(slot->session, packet, length, slot->uses_mki);
    if (error) srtp_set_stream_roc(slot->session, ssrc, slot->resumed_roc);
  }
  if (!error) slot->is_resumed = false;
  return error;
}

/* With the lock held: transforms a packet in place. Returns its new length, or why it is dropped. */
static int transform(Slot *slot, uint8_t *packet, int length, bool rtcp) {
  uint32_t ssrc;
  if (length < (rtcp ? 8 : 12)) return FORGED;
  memcpy(&ssrc, packet + (rtcp ? 4 : 8), sizeof ssrc);
  /* Its streams are the sender's choice; forgetting one would let its packets be replayed. */
  if (!slot->sending && slot->ssrc_count == MAX_SSRCS && !knows(slot, ssrc)) return REFUSED;
  srtp_err_status_t error;
  if (slot->sending) {
    error = rtcp ? srtp_protect_rtcp_mki(slot->session, packet, &length, slot->uses_mki, 0)
                 : srtp_protect_mki(slot->session, packet, &length, slot->uses_mki, 0);
  } else if (!rtcp && slot->is_resumed && ssrc == slot->resumed_ssrc) {
    error = unprotect_resumed(slot, packet, &length);
  } else {
    error = rtcp ? srtp_unprotect_rtcp_mki(slot->session, packet, &length, slot->uses_mki)
                 : srtp_unprotect_mki(slot->session, packet, &length, slot->uses_mki);
  }
  if (error) return error == srtp_err_status_replay_fail || error == srtp_err_status_replay_old ? REPLAYED : FORGED;
  remember(slot, ssrc);
  if (slot->sending && rtcp) slot->rtcp_sent++;
  return length;
}

/* `transform(id, packet, out, rtcp)`: protects or unprotects a packet. Returns the length of the result, or a negative reason. */
static napi_value transform_packet(napi_env env, napi_callback_info info) {
  napi_value values[4];
  uint8_t *in, *out;
  size_t length, capacity;
  bool rtcp;
  if (!arguments(env, info, 4, values) || !argument_bytes(env, values[1], "packet", &in, &length) ||
      !argument_bytes(env, values[2], "out", &out, &capacity) || !argument_flag(env, values[3], "rtcp", &rtcp))
    return NULL;
  if (length == 0 || length > MAX_DATAGRAM) return number(env, FORGED);
  /* libsrtp wants aligned packets. */
  uint8_t packet[MAX_DATAGRAM + SRTP_MAX_TRAILER_LEN + 4] __attribute__((aligned(8)));
  memcpy(packet, in, length);
  Slot *slot = lock_context(env, values[0]);
  if (!slot) return number(env, REFUSED);
  int result = transform(slot, packet, (int)length, rtcp);
  pthread_mutex_unlock(&slot->lock);
  if (result > 0 && (size_t)result > capacity) return fail(env, "out is too short");
  if (result > 0) memcpy(out, packet, (size_t)result);
  return number(env, result);
}

/* `state(id)`: the number of RTCP packets sent, then each stream's SSRC and rollover counter. Empty for a closed context. */
static napi_value context_state(napi_env env, napi_callback_info info) {
  napi_value values[1], list;
  if (!arguments(env, info, 1, values)) return NULL;
  napi_create_array(env, &list);
  Slot *slot = lock_context(env, values[0]);
  if (!slot) return list;
  uint32_t length = 0;
  napi_set_element(env, list, length++, number(env, slot->rtcp_sent));
  for (uint32_t i = 0; i < slot->ssrc_count; i++) {
    uint32_t ssrc = ntohl(slot->ssrcs[i]), roc;
    if (srtp_get_stream_roc(slot->session, ssrc, &roc)) continue;
    napi_set_element(env, list, length++, number(env, ssrc));
    napi_set_element(env, list, length++, number(env, roc));
  }
  pthread_mutex_unlock(&slot->lock);
  return list;
}

/* `advance(id, ssrc, roc)`: the next packet of a stream, of which there has been one, has this rollover counter. Returns whether it does. */
static napi_value advance_stream(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  uint32_t ssrc, roc;
  if (!arguments(env, info, 3, values)) return NULL;
  if (napi_get_value_uint32(env, values[1], &ssrc) != napi_ok || napi_get_value_uint32(env, values[2], &roc) != napi_ok)
    return fail(env, "ssrc and roc must be numbers");
  Slot *slot = lock_context(env, values[0]);
  bool done = slot && !srtp_set_stream_roc(slot->session, ssrc, roc);
  if (done && !slot->sending) {
    slot->is_resumed = true;
    slot->resumed_ssrc = htonl(ssrc);
    slot->resumed_roc = roc;
  }
  if (slot) pthread_mutex_unlock(&slot->lock);
  napi_get_boolean(env, done, &result);
  return result;
}

/* The suites that this libsrtp has, by name and index; the others are null. */
static napi_value suites(napi_env env) {
  napi_value list;
  napi_create_array(env, &list);
  for (size_t i = 0; i < sizeof SUITES / sizeof *SUITES; i++) {
    uint8_t key[MAX_KEY] = {0};
    srtp_t session = NULL;
    napi_value name;
    bool works = !make_session(i, true, key, NULL, 0, 128, &session);
    if (works) srtp_dealloc(session);
    if (works) napi_create_string_utf8(env, SUITES[i].name, NAPI_AUTO_LENGTH, &name);
    else napi_get_null(env, &name);
    napi_set_element(env, list, (uint32_t)i, name);
  }
  return list;
}

NAPI_MODULE_INIT() {
  pthread_once(&once, initialize);
  if (initialized) return fail(env, "libsrtp does not start (error %d)", (int)initialized);
  napi_value version;
  napi_create_string_utf8(env, srtp_get_version_string(), NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  napi_set_named_property(env, exports, "suites", suites(env));
  export_function(env, exports, "open", open_context);
  export_function(env, exports, "transform", transform_packet);
  export_function(env, exports, "close", close_context);
  export_function(env, exports, "state", context_state);
  export_function(env, exports, "advance", advance_stream);
  return exports;
}
