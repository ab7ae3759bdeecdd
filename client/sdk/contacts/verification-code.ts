import { digitGroups } from '../digit-groups.ts';

/** Groups per account. */
const GROUPS = 6;

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
  return digitGroups(hash, GROUPS).join('');
}
