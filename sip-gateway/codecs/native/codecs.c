#include "codecs.h"

NAPI_MODULE_INIT() {
  export_opus(env, exports);
  export_g722(env, exports);
  export_gsm(env, exports);
  export_speex(env, exports);
  export_resampler(env, exports);
  export_dtmf(env, exports);
  return exports;
}
