import type { LeafNode } from 'ts-mls';
import { readLeafChain, refuse } from '../../../contract/mls/index.ts';
import { equalBytes, isGatewayAccount, parseCertificate } from '../../../contract/x509/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { Peer, Room } from '../../kernel/index.ts';

/** Judges a chain (DER, leaf first) as at sign-in. @throws {CanopyError} the CERT_ codes */
export type VerifyChain = (
  chain: readonly Uint8Array[],
) => Promise<Pick<VerifiedDevice, 'deviceId' | 'accountId'>>;

/** A device, and the certificates with which it signed in: DER, leaf first. */
export interface LeafDevice {
  readonly deviceId: string;
  readonly accountId: string;
  readonly chain: readonly Uint8Array[];
  readonly verify: VerifyChain;
}

/**
 * @throws {CanopyError} ENCRYPTION_INVALID - a stream, which has no certificates; the phone gateway in a room that excludes phones; or a
 * bridge whose certificate does not say that it is the gateway, so that people would take it for one of them
 */
export function leafDeviceOf(
  { deviceId, accountId, principal }: Peer,
  { encryption }: Pick<Room, 'encryption'>,
  verify: VerifyChain,
): LeafDevice {
  if (principal.kind === 'stream') {
    refuse('a stream in a group');
  }
  const { chain } = principal;
  const isMarked = chain.slice(1).some((der) => isGatewayAccount(parseCertificate(der)));
  if (isMarked ? encryption !== 'allow-phones' : principal.kind === 'bridge') {
    refuse(
      isMarked ? 'the phone gateway in a room without phones' : 'a bridge that is not the phone gateway',
    );
  }
  return { deviceId, accountId, chain, verify };
}

/**
 * Checks that a leaf is a device's own, with the chain that it signed in with, or another one that the server would accept, as its certificate
 * may have been renewed since. If an issuer that nobody trusts were let through here, the other members would refuse the epoch.
 *
 * @param current the device's leaf in the group, which it may keep
 * @throws {CanopyError} ENCRYPTION_INVALID, and the CERT_ codes of a chain that cannot be read
 */
export async function requireChain(leaf: LeafNode, device: LeafDevice, current?: LeafNode): Promise<void> {
  if ((await readLeafChain(leaf)).deviceId !== device.deviceId) {
    refuse('the leaf of another device');
  }
  const chain = certificatesOf(leaf);
  if (isSame(chain, device.chain) || (current && isSame(chain, certificatesOf(current)))) {
    return;
  }
  const renewed = await device.verify(chain).catch((cause: unknown) => {
    refuse(
      'another certificate chain than the one that the device signed in with, and not a valid one',
      cause,
    );
  });
  if (renewed.deviceId !== device.deviceId || renewed.accountId !== device.accountId) {
    refuse('another certificate chain than the one that the device signed in with, of another account');
  }
}

function certificatesOf({ credential }: LeafNode): readonly Uint8Array[] {
  return credential.credentialType === 'x509' ? credential.certificates : [];
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((der, i) => equalBytes(der, b[i] ?? new Uint8Array()));
}
