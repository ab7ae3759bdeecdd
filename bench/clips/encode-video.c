/*
 * Encodes raw I420 from stdin as VP8 with three temporal layers, or as VP9 SVC with three spatial and three temporal layers in K-SVC
 * mode (L3T3_KEY), as libwebrtc configures libvpx for calls. ffmpeg offers neither spatial layers nor the layer of each frame.
 *
 *   encode-video vp8|vp9 WIDTH HEIGHT FPS KEY_INTERVAL KBPS...     (VP9: one rate for each spatial layer, lowest first)
 *
 * Writes one record a layer frame to stdout, numbers big-endian: length (u32), picture number (u32), flags (u8: 1 key,
 * 2 discardable, 4 layer sync, 8 inter-layer predicted, 16 not used above, 32 end of picture), temporal layer << 4 | spatial layer (u8), data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#define SPATIAL_LAYERS 3
#define MIN_QUANTIZER 2
#define MAX_QUANTIZER 56

enum { KEY = 1, DISCARDABLE = 2, LAYER_SYNC = 4, INTER_LAYER = 8, NOT_USED_ABOVE = 16, END_OF_PICTURE = 32 };

/* The order of temporal layers within a group of four pictures. */
static const int TEMPORAL[4] = {0, 2, 1, 2};
static const int SYNC[4] = {0, 1, 1, 0};

/* T0 lives in LAST, T1 in GOLDEN, T2 is kept nowhere; only T0 moves the entropy coder's state. */
static const vpx_enc_frame_flags_t VP8_FLAGS[4] = {
    VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF,
    VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF |
        VP8_EFLAG_NO_UPD_ENTROPY,
    VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY,
    VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY,
};

struct state {
    vpx_codec_ctx_t codec;
    unsigned picture;
    int is_key;
};

static void die(const char *what) {
    fprintf(stderr, "encode-video: %s\n", what);
    exit(1);
}

static void write_u32(unsigned value) {
    for (int shift = 24; shift >= 0; shift -= 8) putchar((value >> shift) & 0xff);
}

static void write_record(unsigned picture, int flags, int temporal, int spatial, const void *data, size_t length) {
    write_u32((unsigned)length);
    write_u32(picture);
    putchar(flags);
    putchar(temporal << 4 | spatial);
    if (fwrite(data, 1, length, stdout) != length) die("cannot write");
}

/* Called by libvpx for each spatial layer of a picture. */
static void on_vp9_packet(vpx_codec_cx_pkt_t *packet, void *user) {
    struct state *state = user;
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) return;
    vpx_svc_layer_id_t layer = {0};
    vpx_codec_control(&state->codec, VP9E_GET_SVC_LAYER_ID, &layer);
    int top = layer.spatial_layer_id == SPATIAL_LAYERS - 1;
    int flags = (state->is_key ? KEY : 0) | (layer.temporal_layer_id == 2 ? DISCARDABLE : 0) |
                (!state->is_key && SYNC[state->picture % 4] ? LAYER_SYNC : 0) |
                (state->is_key && layer.spatial_layer_id > 0 ? INTER_LAYER : 0) |
                (!state->is_key || top ? NOT_USED_ABOVE : 0) | (top ? END_OF_PICTURE : 0);
    write_record(state->picture, flags, layer.temporal_layer_id, layer.spatial_layer_id, packet->data.frame.buf,
                 packet->data.frame.sz);
}

static void set(struct state *state, int control, int value) {
    if (vpx_codec_control_(&state->codec, control, value)) die(vpx_codec_error_detail(&state->codec));
}

static void configure_common(vpx_codec_enc_cfg_t *cfg, int width, int height, int fps) {
    cfg->g_w = (unsigned)width;
    cfg->g_h = (unsigned)height;
    cfg->g_timebase.num = 1;
    cfg->g_timebase.den = fps;
    cfg->g_lag_in_frames = 0;
    cfg->g_threads = 1;
    cfg->rc_end_usage = VPX_CBR;
    cfg->rc_dropframe_thresh = 0;
    cfg->rc_resize_allowed = 0;
    cfg->rc_min_quantizer = MIN_QUANTIZER;
    cfg->rc_max_quantizer = MAX_QUANTIZER;
    cfg->rc_undershoot_pct = 100;
    cfg->rc_overshoot_pct = 15;
    cfg->rc_buf_sz = 1000;
    cfg->rc_buf_initial_sz = 500;
    cfg->rc_buf_optimal_sz = 600;
    cfg->kf_mode = VPX_KF_DISABLED;
    cfg->ts_number_layers = 3;
    cfg->ts_rate_decimator[0] = 4;
    cfg->ts_rate_decimator[1] = 2;
    cfg->ts_rate_decimator[2] = 1;
}

static void open_vp8(struct state *state, vpx_codec_enc_cfg_t *cfg, unsigned kbps) {
    cfg->rc_target_bitrate = kbps;
    cfg->ts_target_bitrate[0] = kbps * 40 / 100;
    cfg->ts_target_bitrate[1] = kbps * 60 / 100;
    cfg->ts_target_bitrate[2] = kbps;
    cfg->ts_periodicity = 4;
    memcpy(cfg->ts_layer_id, TEMPORAL, sizeof TEMPORAL);
    if (vpx_codec_enc_init(&state->codec, vpx_codec_vp8_cx(), cfg, 0)) die(vpx_codec_error(&state->codec));
    set(state, VP8E_SET_CPUUSED, -6);
    set(state, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
    set(state, VP8E_SET_MAX_INTRA_BITRATE_PCT, 450);
}

static void open_vp9(struct state *state, vpx_codec_enc_cfg_t *cfg, char **kbps) {
    vpx_svc_extra_cfg_t svc;
    memset(&svc, 0, sizeof svc);
    cfg->ss_number_layers = SPATIAL_LAYERS;
    /* Layers that are left out must not matter to the entropy coder. */
    cfg->g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    cfg->temporal_layering_mode = VP9E_TEMPORAL_LAYERING_MODE_0212;
    cfg->rc_target_bitrate = 0;
    for (int spatial = 0; spatial < SPATIAL_LAYERS; spatial++) {
        unsigned rate = (unsigned)atoi(kbps[spatial]);
        cfg->rc_target_bitrate += rate;
        cfg->ss_target_bitrate[spatial] = rate;
        cfg->layer_target_bitrate[3 * spatial] = rate * 50 / 100;
        cfg->layer_target_bitrate[3 * spatial + 1] = rate * 70 / 100;
        cfg->layer_target_bitrate[3 * spatial + 2] = rate;
        for (int layer = 3 * spatial; layer < 3 * spatial + 3; layer++) {
            svc.max_quantizers[layer] = MAX_QUANTIZER;
            svc.min_quantizers[layer] = MIN_QUANTIZER;
        }
        svc.scaling_factor_num[spatial] = 1 << spatial;
        svc.scaling_factor_den[spatial] = 1 << (SPATIAL_LAYERS - 1);
    }
    if (vpx_codec_enc_init(&state->codec, vpx_codec_vp9_cx(), cfg, 0)) die(vpx_codec_error(&state->codec));
    set(state, VP8E_SET_CPUUSED, 8);
    set(state, VP9E_SET_AQ_MODE, 3);
    set(state, VP9E_SET_SVC, 1);
    if (vpx_codec_control(&state->codec, VP9E_SET_SVC_PARAMETERS, &svc)) die("SVC parameters");
    /* Spatial prediction in key pictures only: K-SVC. */
    set(state, VP9E_SET_SVC_INTER_LAYER_PRED, 2);
    vpx_codec_priv_output_cx_pkt_cb_pair_t callback = {on_vp9_packet, state};
    if (vpx_codec_control(&state->codec, VP9E_REGISTER_CX_CALLBACK, &callback)) die("callback");
}

int main(int argc, char **argv) {
    if (argc < 7) die("usage: encode-video vp8|vp9 WIDTH HEIGHT FPS KEY_INTERVAL KBPS...");
    int is_vp9 = strcmp(argv[1], "vp9") == 0;
    int width = atoi(argv[2]), height = atoi(argv[3]), fps = atoi(argv[4]), key_interval = atoi(argv[5]);
    if (argc != (is_vp9 ? 6 + SPATIAL_LAYERS : 7) || key_interval % 4) die("wrong arguments");
    vpx_codec_enc_cfg_t cfg;
    if (vpx_codec_enc_config_default(is_vp9 ? vpx_codec_vp9_cx() : vpx_codec_vp8_cx(), &cfg, 0)) die("no defaults");
    struct state state = {0};
    configure_common(&cfg, width, height, fps);
    if (is_vp9) open_vp9(&state, &cfg, argv + 6);
    else open_vp8(&state, &cfg, (unsigned)atoi(argv[6]));
    vpx_image_t image;
    if (!vpx_img_alloc(&image, VPX_IMG_FMT_I420, (unsigned)width, (unsigned)height, 1)) die("no memory");
    size_t size = (size_t)width * (size_t)height * 3 / 2;
    for (; fread(image.img_data, 1, size, stdin) == size; state.picture++) {
        int position = (int)(state.picture % 4);
        state.is_key = state.picture % (unsigned)key_interval == 0;
        vpx_enc_frame_flags_t flags = state.is_key ? VPX_EFLAG_FORCE_KF : 0;
        if (!is_vp9) {
            if (!state.is_key) flags |= VP8_FLAGS[position];
            set(&state, VP8E_SET_TEMPORAL_LAYER_ID, TEMPORAL[position]);
        }
        if (vpx_codec_encode(&state.codec, &image, state.picture, 1, flags, VPX_DL_REALTIME)) {
            die(vpx_codec_error_detail(&state.codec));
        }
        vpx_codec_iter_t iterator = NULL;
        const vpx_codec_cx_pkt_t *packet;
        while ((packet = vpx_codec_get_cx_data(&state.codec, &iterator))) {
            if (is_vp9 || packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
            int temporal = TEMPORAL[position];
            int layer_flags = (state.is_key ? KEY : 0) | (temporal == 2 ? DISCARDABLE : 0) |
                              (!state.is_key && SYNC[position] ? LAYER_SYNC : 0) | END_OF_PICTURE;
            write_record(state.picture, layer_flags, temporal, 0, packet->data.frame.buf, packet->data.frame.sz);
        }
    }
    vpx_codec_destroy(&state.codec);
    return fflush(stdout) ? 1 : 0;
}
