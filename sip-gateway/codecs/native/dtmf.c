/* Detection of keys as tones in the voice (ITU-T Q.23, Q.24), by libspandsp: mono, 8000 Hz. */
#include "codecs.h"

#include <spandsp.h>
#include <stdlib.h>

#define MAX_SAMPLES 8192

typedef struct {
  dtmf_rx_state_t *state;
  uint8_t *out;
  size_t capacity;
  size_t count;
} Detector;

static const napi_type_tag TAG = {0x2f6b90d8e1c74a35, 0x9c04d7a1385be6f2};

static void close_state(Detector *detector) {
  if (detector->state) dtmf_rx_free(detector->state);
  detector->state = NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_state(data);
  free(data);
}

static void report(void *data, int code, int level, int delay) {
  (void)level, (void)delay;
  Detector *detector = data;
  if (detector->count < detector->capacity) detector->out[detector->count++] = (uint8_t)code;
}

/* dtmfCreate() → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  Detector *detector = calloc(1, sizeof *detector);
  if (!detector) return fail(env, "out of memory");
  detector->state = dtmf_rx_init(NULL, NULL, NULL);
  if (!detector->state) {
    free(detector);
    return fail(env, "out of memory");
  }
  dtmf_rx_set_realtime_callback(detector->state, report, detector);
  return make_handle(env, detector, finalize, &TAG);
}

/* dtmfProcess(handle, samples, out) → changes written to `out`: the character of a key that begins, or 0 where one ends. */
static napi_value process(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int16_t *samples;
  size_t count;
  if (!arguments(env, info, 3, values)) return NULL;
  Detector *detector = argument_handle(env, values[0], &TAG);
  if (!detector) return NULL;
  if (!detector->state) return fail(env, "the detector is closed");
  if (!argument_samples(env, values[1], "samples", &samples, &count) ||
      !argument_bytes(env, values[2], "out", &detector->out, &detector->capacity)) {
    return NULL;
  }
  if (count > MAX_SAMPLES) return fail(env, "%zu samples are more than %d", count, MAX_SAMPLES);
  detector->count = 0;
  dtmf_rx(detector->state, samples, (int)count);
  detector->out = NULL;
  detector->capacity = 0;
  return number(env, (double)detector->count);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, 1, values)) return NULL;
  Detector *detector = argument_handle(env, values[0], &TAG);
  if (!detector) return NULL;
  close_state(detector);
  return nothing(env);
}

void export_dtmf(napi_env env, napi_value exports) {
  export_function(env, exports, "dtmfCreate", create);
  export_function(env, exports, "dtmfProcess", process);
  export_function(env, exports, "dtmfClose", close_handle);
}
