#include "binding.h"

#include <stdarg.h>
#include <stdio.h>

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = MAX_ARGUMENTS;
  napi_value all[MAX_ARGUMENTS];
  if (napi_get_cb_info(env, info, &given, all, NULL, NULL) != napi_ok || given < count) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return false;
  }
  for (size_t i = 0; i < count; i++) values[i] = all[i];
  return true;
}

bool argument_integer(napi_env env, napi_value value, const char *name, int32_t min, int32_t max, int32_t *result) {
  double given;
  if (napi_get_value_double(env, value, &given) != napi_ok || !(given >= min && given <= max) ||
      given != (double)(int32_t)given) {
    fail(env, "%s must be an integer from %d to %d", name, min, max);
    return false;
  }
  *result = (int32_t)given;
  return true;
}

bool argument_flag(napi_env env, napi_value value, const char *name, bool *result) {
  if (napi_get_value_bool(env, value, result) == napi_ok) return true;
  fail(env, "%s must be a boolean", name);
  return false;
}

static bool typed_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data, size_t *length) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == wanted;
}

bool argument_samples(napi_env env, napi_value value, const char *name, int16_t **data, size_t *length) {
  void *raw = NULL;
  if (typed_array(env, value, napi_int16_array, &raw, length)) {
    *data = raw;
    return true;
  }
  fail(env, "%s must be an Int16Array", name);
  return false;
}

bool argument_bytes(napi_env env, napi_value value, const char *name, uint8_t **data, size_t *length) {
  void *raw = NULL;
  if (typed_array(env, value, napi_uint8_array, &raw, length)) {
    *data = raw;
    return true;
  }
  fail(env, "%s must be a Uint8Array", name);
  return false;
}

napi_value make_handle(napi_env env, void *state, napi_finalize finalize, const napi_type_tag *tag) {
  napi_value handle;
  if (napi_create_external(env, state, finalize, NULL, &handle) != napi_ok) {
    finalize(env, state, NULL);
    return fail(env, "out of memory");
  }
  if (napi_type_tag_object(env, handle, tag) != napi_ok) return fail(env, "the handle could not be made");
  return handle;
}

void *argument_handle(napi_env env, napi_value value, const napi_type_tag *tag) {
  bool matches = false;
  void *state = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external &&
      napi_check_object_type_tag(env, value, tag, &matches) == napi_ok && matches &&
      napi_get_value_external(env, value, &state) == napi_ok) {
    return state;
  }
  napi_throw_type_error(env, NULL, "not a handle of this kind");
  return NULL;
}

napi_value fail(napi_env env, const char *format, ...) {
  char message[160];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  napi_throw_range_error(env, NULL, message);
  return NULL;
}

napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

napi_value nothing(napi_env env) {
  napi_value result = NULL;
  napi_get_undefined(env, &result);
  return result;
}

void export_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}
