/*
 * Encodes 48 kHz mono 16-bit PCM from stdin as Opus, 20 ms a frame, with DTX and in-band FEC as browsers use it; ffmpeg cannot
 * switch on DTX.
 *
 *   encode-opus BITRATE_BPS
 *
 * Writes one record a frame to be sent, numbers big-endian: length (u32), frame number (u32), level in -dBov as in RFC 6464
 * (u8), a zero byte, data. Frames that DTX leaves out have no record.
 */
#include <math.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>

#define FRAME_SAMPLES 960

static void write_u32(unsigned value) {
    for (int shift = 24; shift >= 0; shift -= 8) putchar((value >> shift) & 0xff);
}

static int level(const opus_int16 *samples) {
    double sum = 0;
    for (int i = 0; i < FRAME_SAMPLES; i++) sum += (double)samples[i] * samples[i];
    double rms = sqrt(sum / FRAME_SAMPLES) / 32768;
    if (rms <= 0) return 127;
    double decibels = -20 * log10(rms);
    return decibels > 127 ? 127 : (int)(decibels + 0.5);
}

int main(int argc, char **argv) {
    int error;
    OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
    if (argc != 2 || error != OPUS_OK) return 1;
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(atoi(argv[1])));
    opus_encoder_ctl(encoder, OPUS_SET_DTX(1));
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(5));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(9));
    opus_int16 samples[FRAME_SAMPLES];
    unsigned char data[1275];
    for (unsigned frame = 0; fread(samples, 2, FRAME_SAMPLES, stdin) == FRAME_SAMPLES; frame++) {
        int length = opus_encode(encoder, samples, FRAME_SAMPLES, data, sizeof data);
        if (length < 0) return 1;
        if (length <= 2) continue;
        write_u32((unsigned)length);
        write_u32(frame);
        putchar(level(samples));
        putchar(0);
        fwrite(data, 1, (size_t)length, stdout);
    }
    opus_encoder_destroy(encoder);
    return fflush(stdout) ? 1 : 0;
}
