/** Groups per account, digits per group, and the bytes from which a group is made. */
const GROUPS = 6;
const GROUP_DIGITS = 5;
const GROUP_BYTES = 5;

/**
 * The code that two people compare to make sure that each sees the other's account: 12 groups of 5 digits, the same for both. Each account
 * gives six groups, which are made of the SHA-512 of `canopy/code/1`, a line feed and the account's id: the n-th group is the n-th five
 * bytes, as a big-endian number, modulo 100,000. The smaller half comes first.
 *
 * To pass somebody else off as one of the two takes an account whose half is the same: about 2^99 keys.
 *
 * @param accountIds 64 hex digits each, in any order
 */
export async function verificationCode(...accountIds: readonly [string, string]): Promise<string[]> {
  const halves = await Promise.all(accountIds.map(halfOf));
  return halves.sort().flatMap((half) => half.match(/\d{5}/g) ?? []);
}

async function halfOf(accountId: string): Promise<string> {
  const data = new TextEncoder().encode(`canopy/code/1\n${accountId}`);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-512', data));
  let digits = '';
  for (let group = 0; group < GROUPS; group += 1) {
    const bytes = hash.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    // Below 2^40, so that it is exact.
    const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    digits += String(number % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0');
  }
  return digits;
}
