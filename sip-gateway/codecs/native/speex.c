/* Speex (RFC 5574) over libspeex: frames of 20 ms. Encoder and decoder are made when first used. */
#include "codecs.h"

#ifdef CANOPY_SPEEX

#include <math.h>
#include <speex/speex.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FRAME_SAMPLES 640
/* 120 ms */
#define MAX_FRAMES 6
#define MAX_PACKET_BYTES 1500
/* The default of libspeex's own encoder; higher ones cost more and gain little. */
#define COMPLEXITY 3
/* Samples beyond this are no audio: the decoder is unstable. */
#define MAX_LEVEL 1e7f

typedef struct {
  Codec codec;
  const SpeexMode *mode;
  void *encoder;
  void *decoder;
  SpeexBits bits;
  size_t frame;
  int quality;
} Speex;

static const napi_type_tag TAG = {0xc51a4f7e0b9d4683, 0x97e2d86a3f10b54d};

static void release(void *codec) {
  Speex *speex = codec;
  if (speex->encoder) speex_encoder_destroy(speex->encoder);
  if (speex->decoder) speex_decoder_destroy(speex->decoder);
  speex->encoder = NULL;
  speex->decoder = NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  Speex *speex = data;
  release(speex);
  speex_bits_destroy(&speex->bits);
  free(speex);
}

static bool need_encoder(napi_env env, Speex *speex) {
  if (speex->encoder) return true;
  speex->encoder = speex_encoder_init(speex->mode);
  if (!speex->encoder) {
    fail(env, "out of memory");
    return false;
  }
  int complexity = COMPLEXITY;
  speex_encoder_ctl(speex->encoder, SPEEX_SET_QUALITY, &speex->quality);
  speex_encoder_ctl(speex->encoder, SPEEX_SET_COMPLEXITY, &complexity);
  return true;
}

static bool need_decoder(napi_env env, Speex *speex) {
  if (speex->decoder) return true;
  speex->decoder = speex_decoder_init(speex->mode);
  if (!speex->decoder) {
    fail(env, "out of memory");
    return false;
  }
  int enhance = 1;
  speex_decoder_ctl(speex->decoder, SPEEX_SET_ENH, &enhance);
  return true;
}

/*
 * Decodes or conceals (`bits` NULL) the next frame. Some payloads that are well-formed make the decoder's filters unstable, and with a NaN
 * in its memory it would be silent from then on: it is replaced. Returns 0, -1 at the end of the payload, or -2.
 */
static int next_frame(Speex *speex, SpeexBits *bits, int16_t *out) {
  float samples[MAX_FRAME_SAMPLES];
  int result = speex_decode(speex->decoder, bits, samples);
  if (result != 0) return result;
  for (size_t i = 0; i < speex->frame; i++) {
    float sample = samples[i];
    if (!(sample >= -MAX_LEVEL && sample <= MAX_LEVEL)) {
      speex_decoder_destroy(speex->decoder);
      speex->decoder = NULL;
      return -2;
    }
    out[i] = (int16_t)(sample > 32767 ? 32767 : sample < -32768 ? -32768 : lrintf(sample));
  }
  return 0;
}

/* speexCreate(sampleRate, quality 0..10) → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t rate, quality;
  if (!arguments(env, info, 2, values) || !argument_integer(env, values[0], "sampleRate", 8000, 32000, &rate) ||
      !argument_integer(env, values[1], "quality", 0, 10, &quality)) {
    return NULL;
  }
  int id = rate == 8000 ? SPEEX_MODEID_NB : rate == 16000 ? SPEEX_MODEID_WB : rate == 32000 ? SPEEX_MODEID_UWB : -1;
  if (id < 0) return fail(env, "Speex has no sample rate of %d Hz", rate);
  Speex *speex = calloc(1, sizeof *speex);
  if (!speex) return fail(env, "out of memory");
  speex->codec.release = release;
  speex->mode = speex_lib_get_mode(id);
  speex->frame = (size_t)rate / 50;
  speex->quality = quality;
  speex_bits_init(&speex->bits);
  return make_handle(env, speex, finalize, &TAG);
}

/* speexEncode(handle, samples, out) → bytes written */
static napi_value encode(napi_env env, napi_callback_info info) {
  Samples samples;
  Bytes out;
  Speex *speex = encode_arguments(env, info, &TAG, &samples, &out);
  if (!speex) return NULL;
  size_t frames = samples.count / speex->frame;
  if (frames == 0 || frames > MAX_FRAMES || samples.count % speex->frame != 0) {
    return fail(env, "%zu samples are not 1 to %d frames of %zu", samples.count, MAX_FRAMES, speex->frame);
  }
  if (out.count < MAX_PACKET_BYTES) return fail(env, "the output needs room for %d bytes", MAX_PACKET_BYTES);
  if (!need_encoder(env, speex)) return NULL;
  speex_bits_reset(&speex->bits);
  for (size_t i = 0; i < frames; i++) {
    /* A copy, because the library may modify its input. */
    int16_t frame[MAX_FRAME_SAMPLES];
    memcpy(frame, samples.data + i * speex->frame, speex->frame * sizeof *frame);
    speex_encode_int(speex->encoder, frame, &speex->bits);
  }
  speex_bits_insert_terminator(&speex->bits);
  return number(env, speex_bits_write(&speex->bits, (char *)out.data, MAX_PACKET_BYTES));
}

/* speexDecode(handle, payload, out) → samples written: the frames of the payload, as many as `out` has room for. */
static napi_value decode(napi_env env, napi_callback_info info) {
  Bytes payload;
  Samples out;
  Speex *speex = decode_arguments(env, info, &TAG, &payload, &out);
  if (!speex) return NULL;
  if (payload.count == 0 || payload.count > MAX_PACKET_BYTES) {
    return fail(env, "a Speex payload has 1 to %d bytes, not %zu", MAX_PACKET_BYTES, payload.count);
  }
  if (!need_decoder(env, speex)) return NULL;
  speex_bits_read_from(&speex->bits, (const char *)payload.data, (int)payload.count);
  size_t written = 0;
  while (written + speex->frame <= out.count) {
    int result = next_frame(speex, &speex->bits, out.data + written);
    if (result == -1) break;
    if (result != 0 || speex_bits_remaining(&speex->bits) < 0) return fail(env, "Speex did not decode: a malformed payload");
    written += speex->frame;
  }
  if (written == 0) return fail(env, "a Speex payload without a frame");
  return number(env, written);
}

/* speexConceal(handle, out): fills `out` with one concealed frame → samples written */
static napi_value conceal(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int16_t *out;
  size_t capacity;
  if (!arguments(env, info, 2, values)) return NULL;
  Speex *speex = open_codec(env, values[0], &TAG);
  if (!speex || !argument_samples(env, values[1], "out", &out, &capacity)) return NULL;
  if (capacity < speex->frame) return fail(env, "the output needs room for %zu samples", speex->frame);
  if (!need_decoder(env, speex)) return NULL;
  if (next_frame(speex, NULL, out) != 0) memset(out, 0, speex->frame * sizeof *out);
  return number(env, speex->frame);
}

/* speexReset(handle): both directions start afresh. */
static napi_value reset(napi_env env, napi_callback_info info) {
  return release_codec(env, info, &TAG);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  return close_codec(env, info, &TAG);
}

void export_speex(napi_env env, napi_value exports) {
  export_function(env, exports, "speexCreate", create);
  export_function(env, exports, "speexEncode", encode);
  export_function(env, exports, "speexDecode", decode);
  export_function(env, exports, "speexConceal", conceal);
  export_function(env, exports, "speexReset", reset);
  export_function(env, exports, "speexClose", close_handle);
}

#else

void export_speex(napi_env env, napi_value exports) { (void)env, (void)exports; }

#endif
