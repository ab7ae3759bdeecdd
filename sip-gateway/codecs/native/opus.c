/* Opus (RFC 6716) over libopus: one mono encoder and one mono decoder a handle, each made when first used. */
#include "codecs.h"

#include <opus.h>
#include <stdlib.h>

#define MAX_PACKET_BYTES 1500

typedef struct {
  Codec codec;
  OpusEncoder *encoder;
  OpusDecoder *decoder;
  int32_t rate;
} Opus;

static const napi_type_tag TAG = {0x8d1f0a53c27b4e61, 0x9b0e64d1f7a2c835};

static void release(void *codec) {
  Opus *opus = codec;
  if (opus->encoder) opus_encoder_destroy(opus->encoder);
  if (opus->decoder) opus_decoder_destroy(opus->decoder);
  opus->encoder = NULL;
  opus->decoder = NULL;
}

static bool need_encoder(napi_env env, Opus *opus) {
  if (opus->encoder) return true;
  int error;
  opus->encoder = opus_encoder_create(opus->rate, 1, OPUS_APPLICATION_VOIP, &error);
  if (opus->encoder) return true;
  fail(env, "no Opus encoder: %s", opus_strerror(error));
  return false;
}

static bool need_decoder(napi_env env, Opus *opus) {
  if (opus->decoder) return true;
  int error;
  opus->decoder = opus_decoder_create(opus->rate, 1, &error);
  if (opus->decoder) return true;
  fail(env, "no Opus decoder: %s", opus_strerror(error));
  return false;
}

/* opusCreate(sampleRate) → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[1];
  int32_t rate;
  if (!arguments(env, info, 1, values) || !argument_integer(env, values[0], "sampleRate", 8000, 48000, &rate)) return NULL;
  if (rate != 8000 && rate != 12000 && rate != 16000 && rate != 24000 && rate != 48000) {
    return fail(env, "Opus has no sample rate of %d Hz", rate);
  }
  Opus *opus = calloc(1, sizeof *opus);
  if (!opus) return fail(env, "out of memory");
  opus->codec.release = release;
  opus->rate = rate;
  return make_handle(env, opus, finalize_codec, &TAG);
}

/* opusControl(handle, request, value): one of the encoder's integer settings. */
static napi_value control(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int32_t request, value;
  if (!arguments(env, info, 3, values)) return NULL;
  Opus *opus = open_codec(env, values[0], &TAG);
  if (!opus || !argument_integer(env, values[1], "request", 4000, 4100, &request) ||
      !argument_integer(env, values[2], "value", -1000, 512000, &value)) {
    return NULL;
  }
  switch (request) {
    case OPUS_SET_BITRATE_REQUEST:
    case OPUS_SET_MAX_BANDWIDTH_REQUEST:
    case OPUS_SET_VBR_REQUEST:
    case OPUS_SET_BANDWIDTH_REQUEST:
    case OPUS_SET_COMPLEXITY_REQUEST:
    case OPUS_SET_INBAND_FEC_REQUEST:
    case OPUS_SET_PACKET_LOSS_PERC_REQUEST:
    case OPUS_SET_DTX_REQUEST:
    case OPUS_SET_SIGNAL_REQUEST:
      break;
    default:
      return fail(env, "Opus has no setting %d here", request);
  }
  if (!need_encoder(env, opus)) return NULL;
  int error = opus_encoder_ctl(opus->encoder, request, value);
  if (error != OPUS_OK) return fail(env, "Opus setting %d refused %d: %s", request, value, opus_strerror(error));
  return nothing(env);
}

/* opusEncode(handle, samples, out) → bytes written */
static napi_value encode(napi_env env, napi_callback_info info) {
  Samples samples;
  Bytes out;
  Opus *opus = encode_arguments(env, info, &TAG, &samples, &out);
  if (!opus) return NULL;
  size_t unit = (size_t)opus->rate / 400; /* 2.5 ms */
  if (samples.count != unit && samples.count != 2 * unit && samples.count != 4 * unit && samples.count != 8 * unit && samples.count != 16 * unit &&
      samples.count != 24 * unit) {
    return fail(env, "an Opus frame of %zu samples is none of 2.5, 5, 10, 20, 40, 60 ms at %d Hz", samples.count, opus->rate);
  }
  if (out.count < 16) return fail(env, "the output needs room for at least 16 bytes");
  if (!need_encoder(env, opus)) return NULL;
  if (out.count > MAX_PACKET_BYTES) out.count = MAX_PACKET_BYTES;
  int bytes = opus_encode(opus->encoder, samples.data, (int)samples.count, out.data, (opus_int32)out.count);
  if (bytes < 0) return fail(env, "Opus did not encode: %s", opus_strerror(bytes));
  return number(env, bytes);
}

/*
 * opusDecode(handle, packet, out, fec) → samples written. With `fec`, `out` is exactly the lost audio before the packet and is
 * filled from its redundancy, or concealed when it carries none.
 */
static napi_value decode(napi_env env, napi_callback_info info) {
  napi_value values[4];
  uint8_t *packet;
  int16_t *out;
  size_t bytes, capacity;
  bool fec;
  if (!arguments(env, info, 4, values)) return NULL;
  Opus *opus = open_codec(env, values[0], &TAG);
  if (!opus || !argument_bytes(env, values[1], "packet", &packet, &bytes) ||
      !argument_samples(env, values[2], "out", &out, &capacity) || !argument_flag(env, values[3], "fec", &fec)) {
    return NULL;
  }
  if (bytes == 0) return fail(env, "an Opus packet must not be empty");
  if (bytes > MAX_PACKET_BYTES) return fail(env, "an Opus packet of %zu bytes is too long", bytes);
  size_t unit = (size_t)opus->rate / 400;
  if (capacity > 48 * unit || capacity % unit != 0 || capacity == 0) {
    return fail(env, "room for %zu samples is no multiple of 2.5 ms up to 120 ms at %d Hz", capacity, opus->rate);
  }
  if (!need_decoder(env, opus)) return NULL;
  int count = opus_decode(opus->decoder, packet, (opus_int32)bytes, out, (int)capacity, fec ? 1 : 0);
  if (count < 0) return fail(env, "Opus did not decode: %s", opus_strerror(count));
  return number(env, count);
}

/* opusConceal(handle, out) → samples written */
static napi_value conceal(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int16_t *out;
  size_t count;
  if (!arguments(env, info, 2, values)) return NULL;
  Opus *opus = open_codec(env, values[0], &TAG);
  if (!opus || !argument_samples(env, values[1], "out", &out, &count)) return NULL;
  size_t unit = (size_t)opus->rate / 400;
  if (count == 0 || count > 48 * unit || count % unit != 0) {
    return fail(env, "%zu samples are no multiple of 2.5 ms up to 120 ms at %d Hz", count, opus->rate);
  }
  if (!need_decoder(env, opus)) return NULL;
  int done = opus_decode(opus->decoder, NULL, 0, out, (int)count, 0);
  if (done < 0) return fail(env, "Opus did not conceal: %s", opus_strerror(done));
  return number(env, done);
}

/* opusReset(handle): forgets the signal, keeps the settings. */
static napi_value reset(napi_env env, napi_callback_info info) {
  Opus *opus = only_codec(env, info, &TAG);
  if (!opus) return NULL;
  if (opus->encoder) opus_encoder_ctl(opus->encoder, OPUS_RESET_STATE);
  if (opus->decoder) opus_decoder_ctl(opus->decoder, OPUS_RESET_STATE);
  return nothing(env);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  return close_codec(env, info, &TAG);
}

void export_opus(napi_env env, napi_value exports) {
  export_function(env, exports, "opusCreate", create);
  export_function(env, exports, "opusControl", control);
  export_function(env, exports, "opusEncode", encode);
  export_function(env, exports, "opusDecode", decode);
  export_function(env, exports, "opusConceal", conceal);
  export_function(env, exports, "opusReset", reset);
  export_function(env, exports, "opusClose", close_handle);
  napi_value version;
  if (napi_create_string_utf8(env, opus_get_version_string(), NAPI_AUTO_LENGTH, &version) == napi_ok) {
    napi_set_named_property(env, exports, "opusVersion", version);
  }
}
