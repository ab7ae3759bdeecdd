/** Digits in a group, and the bytes from which a group is made. */
const GROUP_DIGITS = 5;
const GROUP_BYTES = 5;

/** Groups of five digits for people to compare: the n-th is the n-th five bytes, as a big-endian number, modulo 100,000. */
export function digitGroups(hash: Uint8Array, groups: number): string[] {
  return Array.from({ length: groups }, (_, group) => {
    const bytes = hash.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    // Below 2^40, so that it is exact.
    const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0');
  });
}
