import assert from 'node:assert/strict';
import type { LeafNode } from 'ts-mls';
// biome-ignore lint/plugin: what enrolment uses
import { issueDeviceCertificate } from '../../client/sdk/identity/issue.ts';
import type { Identity } from '../../client/sdk/index.ts';
import { readLeafChain } from '../../contract/mls/index.ts';
import { type Certificate, parseCertificate } from '../../contract/x509/index.ts';
import type { EncryptedSeat } from './encrypted-seat.ts';
import { CredentialJudge, GroupMember, type MemberIdentity } from './room-groups.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** Signs wrongly what has this label (RFC 9420 section 5.1.2). */
export function signWrongly({ member }: EncryptedSeat, label: string): void {
  const { signature } = member.cipherSuite;
  const { sign } = signature;
  signature.sign = async (key, message) => {
    const signed = await sign(key, message);
    const isWrong = Buffer.from(message).includes(`MLS 1.0 ${label}`);
    return isWrong ? sign(key, new Uint8Array([...message, 0])) : signed;
  };
}

/**
 * A device that trusts everybody, and has a certificate for its own key from somebody else's account, or else from one that nobody knows.
 */
export async function otherwiseCertified(
  { stored, chain, deploymentCa }: Identity,
  roomId: string,
  by?: Identity,
) {
  const unknown = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
  const accountKey = by ? by.stored.accountKey : unknown.privateKey;
  assert.ok(accountKey);
  const { spki } = parseCertificate(new Uint8Array(Buffer.from(chain[0] ?? '', 'base64')));
  const issuer = (by?.chain ?? chain)[1];
  assert.ok(issuer);
  const leaf = await issueDeviceCertificate({
    account: issuer,
    accountKey,
    devicePublicKey: await crypto.subtle.importKey('spki', spki, P256, true, ['verify']),
    displayName: 'Mallory',
  });
  return GroupMember.create({
    chain: [leaf, issuer],
    deviceKey: stored.deviceKey,
    room: { roomId, policy: 'required', authorities: await authoritiesOf(deploymentCa) },
    judge: new Credulous({ deploymentCa }),
  });
}

/** The authorities of rooms for a deployment's accounts. */
async function authoritiesOf({ spki }: Certificate): Promise<string[]> {
  return [Buffer.from(await crypto.subtle.digest('SHA-256', spki)).toString('hex')];
}

class Credulous extends CredentialJudge {
  override async judge(leaf: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Promise<MemberIdentity> {
    const { deviceId, chain } = await readLeafChain(leaf);
    const [{ key }] = chain;
    return { deviceId, accountId: '', outdated: undefined, isGateway: false, name: '', key, path: chain };
  }
}
