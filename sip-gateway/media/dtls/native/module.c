/*
 * The binding of OpenSSL's DTLS for SRTP (RFC 5764): associations without sockets, which belong to the process, so that they survive the
 * thread that uses them. The peer is authenticated by the digest of its certificate alone (RFC 8122).
 */
#define _GNU_SOURCE
#include "binding.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two associations a call, for RTP and RTCP. */
#define SLOTS 8192
/* Longer datagrams are not received, and ours are shorter. */
#define MAX_DATAGRAM 2048
#define MTU 1200
/* A flight is a few datagrams; the media thread takes them at once. */
#define MAX_QUEUED 16
#define MAX_DIGESTS 8
#define MAX_REASON 160
#define MAX_PROFILES 160
#define MAX_KEYS 128
#define COOKIE_BYTES 16
/* How often a passive handshake starts again after an unreadable message, which anyone may have sent. */
#define MAX_RESTARTS 5
/* Retransmission, in microseconds. */
#define FIRST_TIMEOUT 250000
#define MAX_TIMEOUT 4000000
#define CERTIFICATE_SECONDS (10L * 365 * 24 * 3600)
#define DAY_SECONDS (24L * 3600)

enum State { HANDSHAKE, CONNECTED, FAILED };

typedef struct {
  uint8_t bytes[MAX_DATAGRAM];
  size_t length;
} Datagram;

typedef struct {
  pthread_mutex_t lock;
  uint32_t generation;
  SSL *ssl;
  bool active;
  char profiles[MAX_PROFILES];
  int restarts;
  /* What a passive side sends first, and the peer must repeat. */
  uint8_t cookie[COOKIE_BYTES];
  enum State state;
  bool closed;
  /* Datagrams to send, oldest first. NULL if there are none, as during most of a call. */
  Datagram *queue;
  size_t queued;
  const EVP_MD *hash;
  uint8_t digests[MAX_DIGESTS * EVP_MAX_MD_SIZE];
  size_t digest_count;
  char reason[MAX_REASON];
  /* The SRTP contexts made from its keys: to send, to receive. */
  bool has_contexts;
  double contexts[2];
} Slot;

static Slot slots[SLOTS];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static SSL_CTX *context;
static BIO_METHOD *queue_method;
static int slot_index;
static uint8_t own_digest[EVP_MAX_MD_SIZE];
static unsigned own_digest_length;

static const char *const HASHES[] = {"SHA256", "SHA384", "SHA512"};

/* Accepts exactly the certificate whose digest the SDP has, whatever it says and whoever signed it. */
static int verify(X509_STORE_CTX *store, void *unused) {
  (void)unused;
  SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  Slot *slot = ssl ? SSL_get_ex_data(ssl, slot_index) : NULL;
  X509 *certificate = X509_STORE_CTX_get0_cert(store);
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned length;
  if (slot && certificate && X509_digest(certificate, slot->hash, digest, &length)) {
    for (size_t i = 0; i < slot->digest_count; i++) {
      if (CRYPTO_memcmp(slot->digests + i * length, digest, length) == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
      }
    }
    snprintf(slot->reason, sizeof slot->reason, "the certificate is not the one that the SDP names");
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

/* Our certificate goes only to a peer that has received the cookie (RFC 6347, section 4.2.1): a forged source would have it sent to others. */
static int generate_cookie(SSL *ssl, unsigned char *cookie, unsigned *length) {
  const Slot *slot = SSL_get_ex_data(ssl, slot_index);
  if (!slot) return 0;
  memcpy(cookie, slot->cookie, COOKIE_BYTES);
  *length = COOKIE_BYTES;
  return 1;
}

static int verify_cookie(SSL *ssl, const unsigned char *cookie, unsigned length) {
  const Slot *slot = SSL_get_ex_data(ssl, slot_index);
  return slot && length == COOKIE_BYTES && CRYPTO_memcmp(slot->cookie, cookie, COOKIE_BYTES) == 0;
}

static int queue_write(BIO *bio, const char *bytes, int length) {
  Slot *slot = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (length <= 0 || length > MAX_DATAGRAM) return length;
  if (!slot->queue) slot->queue = malloc(MAX_QUEUED * sizeof *slot->queue);
  /* A datagram too many is lost, as on a network. */
  if (slot->queue && slot->queued < MAX_QUEUED) {
    Datagram *datagram = &slot->queue[slot->queued++];
    memcpy(datagram->bytes, bytes, (size_t)length);
    datagram->length = (size_t)length;
  }
  return length;
}

static long queue_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return MTU;
    default:
      return 0;
  }
}

static unsigned next_timeout(SSL *ssl, unsigned before) {
  (void)ssl;
  if (before == 0) return FIRST_TIMEOUT;
  return before * 2 < MAX_TIMEOUT ? before * 2 : MAX_TIMEOUT;
}

static bool make_certificate(SSL_CTX *made) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  uint8_t serial[8];
  bool ok = false;
  if (key && certificate && RAND_bytes(serial, sizeof serial) == 1) {
    X509_NAME *name = X509_get_subject_name(certificate);
    uint64_t number = 0;
    memcpy(&number, serial, sizeof number);
    ok = X509_set_version(certificate, X509_VERSION_3) &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_SECONDS) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"canopy", -1, -1, 0) &&
         X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
         X509_sign(certificate, key, EVP_sha256()) && SSL_CTX_use_certificate(made, certificate) &&
         SSL_CTX_use_PrivateKey(made, key) &&
         X509_digest(certificate, EVP_sha256(), own_digest, &own_digest_length);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return ok;
}

static void initialize(void) {
  for (uint32_t i = 0; i < SLOTS; i++) pthread_mutex_init(&slots[i].lock, NULL);
  slot_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
  queue_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "canopy datagrams");
  SSL_CTX *made = SSL_CTX_new(DTLS_method());
  if (slot_index < 0 || !queue_method || !made || !BIO_meth_set_write(queue_method, queue_write) ||
      !BIO_meth_set_ctrl(queue_method, queue_control) || !SSL_CTX_set_min_proto_version(made, DTLS1_2_VERSION) ||
      !SSL_CTX_set_cipher_list(made, "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL") ||
      !SSL_CTX_set1_groups_list(made, "X25519:P-256:P-384") || !make_certificate(made)) {
    SSL_CTX_free(made);
    return;
  }
  SSL_CTX_set_options(made, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  SSL_CTX_set_cert_verify_callback(made, verify, NULL);
  SSL_CTX_set_read_ahead(made, 1);
  SSL_CTX_set_cookie_generate_cb(made, generate_cookie);
  SSL_CTX_set_cookie_verify_cb(made, verify_cookie);
  context = made;
}

static void note_error(Slot *slot) {
  unsigned long code = ERR_peek_last_error();
  const char *text = code ? ERR_reason_error_string(code) : NULL;
  if (slot->reason[0] == 0) snprintf(slot->reason, sizeof slot->reason, "%s", text ? text : "the handshake failed");
}

static SSL *make_session(Slot *slot) {
  SSL *ssl = SSL_new(context);
  BIO *in = BIO_new(BIO_s_mem());
  BIO *out = BIO_new(queue_method);
  if (!ssl || !in || !out || RAND_bytes(slot->cookie, COOKIE_BYTES) != 1 || SSL_set_tlsext_use_srtp(ssl, slot->profiles) != 0 || !SSL_set_ex_data(ssl, slot_index, slot)) {
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    return NULL;
  }
  BIO_set_mem_eof_return(in, -1);
  BIO_set_data(out, slot);
  BIO_set_init(out, 1);
  SSL_set_bio(ssl, in, out);
  SSL_set_mtu(ssl, MTU);
  DTLS_set_timer_cb(ssl, next_timeout);
  if (slot->active) {
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_options(ssl, SSL_OP_COOKIE_EXCHANGE);
    SSL_set_accept_state(ssl);
  }
  return ssl;
}

/* With the lock held: begins again if the peer's certificate was not the reason. Returns whether it did. */
static bool restart(Slot *slot) {
  SSL *fresh = NULL;
  if (!slot->active && slot->reason[0] == 0 && slot->restarts < MAX_RESTARTS) fresh = make_session(slot);
  if (!fresh) return false;
  slot->restarts++;
  SSL_free(slot->ssl);
  slot->ssl = fresh;
  return true;
}

/* With the lock held: goes on with the handshake, or reads what follows it, as far as what was received allows. */
static void drive(Slot *slot) {
  uint8_t ignored[MAX_DATAGRAM];
  ERR_clear_error();
  if (slot->state == HANDSHAKE) {
    int result = SSL_do_handshake(slot->ssl);
    if (result == 1) {
      slot->state = SSL_get_selected_srtp_profile(slot->ssl) ? CONNECTED : FAILED;
      if (slot->state == FAILED) snprintf(slot->reason, sizeof slot->reason, "no SRTP profile in common");
    } else {
      int error = SSL_get_error(slot->ssl, result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE && !restart(slot)) {
        slot->state = FAILED;
        note_error(slot);
      }
    }
  }
  /* The peer may repeat its last flight, or close. There is no other data in these associations. */
  for (int i = 0; i < MAX_QUEUED && slot->state == CONNECTED && !slot->closed; i++) {
    int length = SSL_read(slot->ssl, ignored, sizeof ignored);
    if (length > 0) continue;
    int error = SSL_get_error(slot->ssl, length);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) slot->closed = true;
    break;
  }
  ERR_clear_error();
}

/* With the lock held. */
static void empty(Slot *slot) {
  SSL_free(slot->ssl);
  free(slot->queue);
  slot->ssl = NULL;
  slot->queue = NULL;
  slot->queued = 0;
}

static bool fill(Slot *slot, bool active, const EVP_MD *hash, const uint8_t *digests, size_t length, const char *profiles) {
  slot->state = HANDSHAKE;
  slot->closed = false;
  slot->active = active;
  slot->restarts = 0;
  snprintf(slot->profiles, sizeof slot->profiles, "%s", profiles);
  slot->hash = hash;
  memcpy(slot->digests, digests, length);
  slot->digest_count = length / (size_t)EVP_MD_get_size(hash);
  slot->reason[0] = 0;
  slot->has_contexts = false;
  slot->generation++;
  slot->ssl = make_session(slot);
  if (!slot->ssl) empty(slot);
  ERR_clear_error();
  return slot->ssl != NULL;
}

/* `open(active, hash, digests, profiles)`: the id of a new association. */
static napi_value open_association(napi_env env, napi_callback_info info) {
  napi_value values[4];
  bool active;
  int32_t hash_index;
  uint8_t *digests, *given;
  size_t length, profiles_length;
  char profiles[MAX_PROFILES];
  if (!arguments(env, info, 4, values) || !argument_flag(env, values[0], "active", &active) ||
      !argument_integer(env, values[1], "hash", 0, sizeof HASHES / sizeof *HASHES - 1, &hash_index) ||
      !argument_bytes(env, values[2], "digests", &digests, &length) ||
      !argument_bytes(env, values[3], "profiles", &given, &profiles_length))
    return NULL;
  const EVP_MD *hash = EVP_get_digestbyname(HASHES[hash_index]);
  size_t size = hash ? (size_t)EVP_MD_get_size(hash) : 0;
  if (size == 0 || length == 0 || length % size != 0 || length / size > MAX_DIGESTS) return fail(env, "the digests have a wrong length");
  if (profiles_length >= sizeof profiles) return fail(env, "the profiles are too long");
  memcpy(profiles, given, profiles_length);
  profiles[profiles_length] = 0;
  pthread_mutex_lock(&opening);
  for (uint32_t i = 0; i < SLOTS; i++) {
    Slot *slot = &slots[i];
    pthread_mutex_lock(&slot->lock);
    bool is_free = !slot->ssl;
    bool is_open = is_free && fill(slot, active, hash, digests, length, profiles);
    double id = (double)i + (double)SLOTS * slot->generation;
    pthread_mutex_unlock(&slot->lock);
    if (is_free) {
      pthread_mutex_unlock(&opening);
      return is_open ? number(env, id) : fail(env, "OpenSSL refuses these profiles");
    }
  }
  pthread_mutex_unlock(&opening);
  return fail(env, "too many associations are open");
}

/* Locks the slot of an open association; NULL if it is closed. */
static Slot *lock_association(napi_env env, napi_value value) {
  double id;
  if (napi_get_value_double(env, value, &id) != napi_ok || !(id >= 0 && id < 0x1p52)) return NULL;
  uint64_t whole = (uint64_t)id;
  Slot *slot = &slots[whole % SLOTS];
  pthread_mutex_lock(&slot->lock);
  if (slot->ssl && slot->generation == (uint32_t)(whole / SLOTS)) return slot;
  pthread_mutex_unlock(&slot->lock);
  return NULL;
}

/* `receive(id, datagram)`: handles a datagram; an empty one begins the handshake, or repeats a flight that is due. Returns the state. */
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint8_t *bytes;
  size_t length;
  if (!arguments(env, info, 2, values) || !argument_bytes(env, values[1], "datagram", &bytes, &length)) return NULL;
  Slot *slot = lock_association(env, values[0]);
  if (!slot) return number(env, FAILED);
  /* What a peer sends after the end of its association is not read, so it must not be kept. */
  if (slot->state != FAILED && !slot->closed && length <= MAX_DATAGRAM) {
    if (length > 0) BIO_write(SSL_get_rbio(slot->ssl), bytes, (int)length);
    else if (slot->state == HANDSHAKE && DTLSv1_handle_timeout(slot->ssl) < 0) {
      slot->state = FAILED;
      note_error(slot);
    }
    drive(slot);
  }
  enum State state = slot->state;
  pthread_mutex_unlock(&slot->lock);
  return number(env, state);
}

/* `take(id, out)`: the length of the next datagram to send, which is written to `out`; 0: none. */
static napi_value take(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint8_t *out;
  size_t capacity, length = 0;
  if (!arguments(env, info, 2, values) || !argument_bytes(env, values[1], "out", &out, &capacity)) return NULL;
  if (capacity < MAX_DATAGRAM) return fail(env, "out is too short");
  Slot *slot = lock_association(env, values[0]);
  if (slot) {
    if (slot->queued > 0) {
      length = slot->queue[0].length;
      memcpy(out, slot->queue[0].bytes, length);
      slot->queued--;
      memmove(slot->queue, slot->queue + 1, sizeof *slot->queue * slot->queued);
      if (slot->queued == 0) {
        free(slot->queue);
        slot->queue = NULL;
      }
    }
    pthread_mutex_unlock(&slot->lock);
  }
  return number(env, (double)length);
}

/* `keys(id, out)`: writes the exported keying material (RFC 5764 §4.2) to `out`, and returns the id of the SRTP profile; 0: not connected. */
static napi_value keys(napi_env env, napi_callback_info info) {
  static const char label[] = "EXTRACTOR-dtls_srtp";
  napi_value values[2];
  uint8_t *out;
  size_t capacity;
  unsigned long profile = 0;
  if (!arguments(env, info, 2, values) || !argument_bytes(env, values[1], "out", &out, &capacity)) return NULL;
  if (capacity > MAX_KEYS) return fail(env, "out is too long");
  Slot *slot = lock_association(env, values[0]);
  if (slot) {
    if (slot->state == CONNECTED &&
        SSL_export_keying_material(slot->ssl, out, capacity, label, sizeof label - 1, NULL, 0, 0) == 1)
      profile = SSL_get_selected_srtp_profile(slot->ssl)->id;
    pthread_mutex_unlock(&slot->lock);
  }
  return number(env, (double)profile);
}

/*
 * `attach(id, send, receive)`: remembers the SRTP contexts. Returns whether the association is open. Contexts that continue those of an
 * earlier process come before any handshake: there is none, then.
 */
static napi_value attach(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  double ids[2];
  if (!arguments(env, info, 3, values) || napi_get_value_double(env, values[1], &ids[0]) != napi_ok ||
      napi_get_value_double(env, values[2], &ids[1]) != napi_ok)
    return NULL;
  Slot *slot = lock_association(env, values[0]);
  if (slot) {
    memcpy(slot->contexts, ids, sizeof ids);
    slot->has_contexts = true;
    if (slot->state == HANDSHAKE) {
      slot->state = CONNECTED;
      slot->closed = true;
    }
    pthread_mutex_unlock(&slot->lock);
  }
  napi_get_boolean(env, slot != NULL, &result);
  return result;
}

static napi_value context_list(napi_env env, bool has, const double *ids) {
  napi_value list;
  napi_create_array(env, &list);
  for (uint32_t i = 0; has && i < 2; i++) napi_set_element(env, list, i, number(env, ids[i]));
  return list;
}

/* The SRTP contexts of an association, or an empty list. With `closes`, the caller closes them. */
static napi_value contexts_of(napi_env env, napi_callback_info info, bool closes) {
  napi_value values[1];
  double ids[2] = {0};
  bool has = false;
  if (!arguments(env, info, 1, values)) return NULL;
  Slot *slot = lock_association(env, values[0]);
  if (slot) {
    has = slot->has_contexts;
    memcpy(ids, slot->contexts, sizeof ids);
    if (closes) empty(slot);
    pthread_mutex_unlock(&slot->lock);
  }
  return context_list(env, has, ids);
}

/* `contexts(id)` */
static napi_value contexts(napi_env env, napi_callback_info info) {
  return contexts_of(env, info, false);
}

/* `reason(id)`: why it failed. */
static napi_value reason(napi_env env, napi_callback_info info) {
  napi_value values[1], result;
  char text[MAX_REASON] = "it is closed";
  if (!arguments(env, info, 1, values)) return NULL;
  Slot *slot = lock_association(env, values[0]);
  if (slot) {
    memcpy(text, slot->reason, sizeof text);
    pthread_mutex_unlock(&slot->lock);
  }
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* `close(id)` */
static napi_value close_association(napi_env env, napi_callback_info info) {
  return contexts_of(env, info, true);
}

/* The digest of our certificate, as in an a=fingerprint line. */
static napi_value fingerprint(napi_env env) {
  char text[8 + EVP_MAX_MD_SIZE * 3 + 1] = "sha-256 ";
  size_t at = strlen(text);
  for (unsigned i = 0; i < own_digest_length; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, i ? ":%02X" : "%02X", own_digest[i]);
  napi_value result;
  napi_create_string_utf8(env, text, at, &result);
  return result;
}

/* The next element of a list: an object's DER, as i2d functions write it. Frees it. */
static void add_der(napi_env env, napi_value list, uint32_t index, uint8_t *der, int length) {
  napi_value buffer;
  if (length > 0 && napi_create_buffer_copy(env, (size_t)length, der, NULL, &buffer) == napi_ok)
    napi_set_element(env, list, index, buffer);
  OPENSSL_clear_free(der, length > 0 ? (size_t)length : 0);
}

/* `identity()`: our private key and certificate, DER. */
static napi_value identity(napi_env env, napi_callback_info info) {
  (void)info;
  uint8_t *key = NULL, *certificate = NULL;
  napi_value list;
  napi_create_array(env, &list);
  pthread_mutex_lock(&opening);
  int key_length = i2d_PrivateKey(SSL_CTX_get0_privatekey(context), &key);
  int certificate_length = i2d_X509(SSL_CTX_get0_certificate(context), &certificate);
  pthread_mutex_unlock(&opening);
  add_der(env, list, 0, key, key_length);
  add_der(env, list, 1, certificate, certificate_length);
  return list;
}

/* `resume(key, certificate)`: uses the identity of an earlier process. Returns its fingerprint. */
static napi_value resume(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint8_t *key_der, *certificate_der;
  size_t key_length, certificate_length;
  if (!arguments(env, info, 2, values) || !argument_bytes(env, values[0], "key", &key_der, &key_length) ||
      !argument_bytes(env, values[1], "certificate", &certificate_der, &certificate_length))
    return NULL;
  const uint8_t *key_at = key_der, *certificate_at = certificate_der;
  EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &key_at, (long)key_length);
  X509 *certificate = d2i_X509(NULL, &certificate_at, (long)certificate_length);
  bool ok = key && certificate && X509_check_private_key(certificate, key) == 1;
  if (ok) {
    pthread_mutex_lock(&opening);
    ok = SSL_CTX_use_certificate(context, certificate) && SSL_CTX_use_PrivateKey(context, key) &&
         X509_digest(certificate, EVP_sha256(), own_digest, &own_digest_length);
    pthread_mutex_unlock(&opening);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  ERR_clear_error();
  return ok ? fingerprint(env) : fail(env, "the key and the certificate do not match");
}

NAPI_MODULE_INIT() {
  pthread_once(&once, initialize);
  if (!context) return fail(env, "OpenSSL's DTLS does not start");
  napi_value version;
  napi_create_string_utf8(env, OpenSSL_version(OPENSSL_VERSION), NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  napi_set_named_property(env, exports, "fingerprint", fingerprint(env));
  export_function(env, exports, "identity", identity);
  export_function(env, exports, "resume", resume);
  export_function(env, exports, "open", open_association);
  export_function(env, exports, "receive", receive);
  export_function(env, exports, "take", take);
  export_function(env, exports, "keys", keys);
  export_function(env, exports, "attach", attach);
  export_function(env, exports, "contexts", contexts);
  export_function(env, exports, "reason", reason);
  export_function(env, exports, "close", close_association);
  return exports;
}
