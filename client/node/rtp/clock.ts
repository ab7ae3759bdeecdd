/** Seconds from the start of the NTP era (1900) to the Unix epoch. */
const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;

/**
 * Wall-clock time in milliseconds, with microsecond resolution. It runs from a monotonic origin, so it never steps. Processes on one host
 * agree to about a millisecond.
 */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** An NTP timestamp (RFC 5905 §6), as seconds since 1900 and their fraction in 2^-32 s. */
export interface NtpTime {
  seconds: number;
  fraction: number;
}

export function ntpFromMs(unixMs: number): NtpTime {
  const wholeSeconds = Math.floor(unixMs / 1000);
  return {
    seconds: (wholeSeconds + NTP_UNIX_OFFSET_SECONDS) >>> 0,
    fraction: Math.floor((unixMs / 1000 - wholeSeconds) * 0x1_0000_0000) >>> 0,
  };
}

export function msFromNtp({ seconds, fraction }: NtpTime): number {
  return (seconds - NTP_UNIX_OFFSET_SECONDS) * 1000 + (fraction / 0x1_0000_0000) * 1000;
}
