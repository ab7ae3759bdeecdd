import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { CanopyError } from '../../../contract/light.ts';
import { linkDoneStatement, linkRequestStatement } from '../../../contract/light.ts';
import { fromBase64Url, toBase64Url } from '../bytes.ts';
import { generateSigningKey } from './index.ts';
import {
  deviceLinkUrl,
  encodeCode,
  formatLinkCode,
  type LinkSecrets,
  linkSecrets,
  newLinkCode,
  parseDeviceLink,
  parseLinkCode,
} from './link-code.ts';
import {
  checkLinkConfirmation,
  type LinkAnswer,
  makeLinkConfirmation,
  makeLinkRequest,
  openLinkAnswer,
  type PendingLink,
  readLinkRequest,
  sealLinkAnswer,
} from './link-messages.ts';

const CA = 'A'.repeat(43);
const OTHER_CA = `${'A'.repeat(42)}B`;
const forged = (error: CanopyError) => error.code === 'DEVICE_LINK_FORGED';

describe('codes for adding a device', () => {
  it('are read as people type them', () => {
    const code = newLinkCode();
    assert.match(formatLinkCode(code), /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.equal(parseLinkCode(formatLinkCode(code).toLowerCase()), code);
    assert.equal(parseLinkCode('o1il 0000-1111 2222'), '0111000011112222');
    for (const wrong of ['', code.slice(1), `${code}0`, code.replace(/.$/, 'U'), code.replace(/.$/, 'é')]) {
      assert.equal(parseLinkCode(wrong), undefined, wrong);
    }
  });

  it('survive a link, unless it is truncated', () => {
    const link = { code: newLinkCode(), caFingerprint: CA };
    const url = deviceLinkUrl('https://meet.example', link);
    assert.deepEqual(parseDeviceLink(url), link);
    assert.equal(parseDeviceLink(url.slice(0, -1)), undefined);
    assert.equal(parseDeviceLink(url.replace('/link/', '/invite/')), undefined);
  });

  it('encode all bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), (bytes) => {
        const code = encodeCode(Uint8Array.from(bytes));
        assert.equal(parseLinkCode(code), code);
      }),
    );
    assert.equal(encodeCode(new Uint8Array(10).fill(255)), 'Z'.repeat(16));
  });

  it('yield the secrets of the documented test vector', async () => {
    const secrets = await linkSecrets({ code: '00P1RK3GFFNNMW5S', caFingerprint: CA });
    assert.equal(secrets.exchangeId, VECTOR.exchangeId);
    assert.equal(toBase64Url(secrets.psk), VECTOR.psk);
    const { exchangeId } = secrets;
    const mac = async (statement: Uint8Array<ArrayBuffer>) =>
      toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', secrets.macKey, statement)));
    const request = linkRequestStatement({
      exchangeId,
      caFingerprint: CA,
      deviceKey: 'BA',
      sealingKey: 'BB',
      name: 'Телефон',
      client: 'Firefox on Android',
    });
    assert.equal(await mac(request), VECTOR.requestMac);
    assert.equal(await mac(linkDoneStatement({ exchangeId, answerHash: CA })), VECTOR.doneMac);
  });
});

/** The vector in docs/identity.md, computed by another implementation of HKDF and HMAC. */
const VECTOR = {
  exchangeId: '4n5RFBQQtJ6-Qp4KBuT3-w',
  psk: 'k8pdZvKQsGpvIPxb5aX9C9biKXcxNEsD8kmXQhNm6qI',
  requestMac: 'eqBXf7cRFNb01OO5sNsR5OgglqXO5De4ZVACFNjE3kU',
  doneMac: 'RJk5NGfFRcv5TUe8jGu0GO8OjQJkJwdnNJdXuhofB74',
};

describe('messages between the old and the new device', () => {
  let secrets: LinkSecrets;
  let pending: PendingLink;
  let deviceKeys: CryptoKeyPair;
  let statement: Uint8Array<ArrayBuffer>;
  let answer: LinkAnswer;
  const account = { displayName: 'Ada', chain: ['AAAA', 'BBBB'], accountKey: 'CCCC' };

  before(async () => {
    secrets = await linkSecrets({ code: newLinkCode(), caFingerprint: CA });
    deviceKeys = await generateSigningKey(false);
    pending = await makeLinkRequest(secrets, {
      caFingerprint: CA,
      deviceKeys,
      name: 'Phone',
      client: 'Firefox on Android',
    });
    ({ statement } = await readLinkRequest(secrets, { caFingerprint: CA, request: pending.request }));
    answer = await sealLinkAnswer(secrets, { request: pending.request, statement, account });
  });

  it('arrive', async () => {
    assert.deepEqual(await openLinkAnswer(secrets, pending, answer), account);
    const confirmation = await makeLinkConfirmation(secrets, answer);
    await checkLinkConfirmation(secrets, { answer, confirmation });
  });

  it('a request that was changed anywhere is refused', async () => {
    const { request } = pending;
    const other = await makeLinkRequest(await linkSecrets({ code: newLinkCode(), caFingerprint: CA }), {
      caFingerprint: CA,
      deviceKeys: await generateSigningKey(false),
      name: 'Tablet',
      client: 'Chromium',
    });
    for (const field of ['deviceKey', 'sealingKey', 'name', 'client', 'signature', 'mac'] as const) {
      const changed = { ...request, [field]: other.request[field] };
      await assert.rejects(readLinkRequest(secrets, { caFingerprint: CA, request: changed }), forged, field);
    }
    await assert.rejects(readLinkRequest(secrets, { caFingerprint: CA, request: other.request }), forged);
    await assert.rejects(
      readLinkRequest(secrets, { caFingerprint: CA, request: { ...request, mac: '' } }),
      forged,
    );
  });

  it('devices that know different CAs do not understand each other', async () => {
    const fooled = await linkSecrets({ code: '0'.repeat(16), caFingerprint: OTHER_CA });
    const honest = await linkSecrets({ code: '0'.repeat(16), caFingerprint: CA });
    assert.equal(fooled.exchangeId, honest.exchangeId);
    const { request } = await makeLinkRequest(fooled, {
      caFingerprint: OTHER_CA,
      deviceKeys,
      name: 'Phone',
      client: 'Firefox',
    });
    await assert.rejects(readLinkRequest(honest, { caFingerprint: CA, request }), forged);
  });

  it('an answer that was changed, is for another request or from someone without the code is refused', async () => {
    const bits = fromBase64Url(answer.sealed);
    bits[3] = (bits[3] ?? 0) ^ 1;
    const stranger = await linkSecrets({ code: newLinkCode(), caFingerprint: CA });
    const again = await makeLinkRequest(secrets, {
      caFingerprint: CA,
      deviceKeys,
      name: 'Phone',
      client: 'Firefox on Android',
    });
    for (const wrong of [
      { ...answer, sealed: toBase64Url(bits) },
      { ...answer, encapsulated: answer.sealed },
      { encapsulated: '', sealed: '' },
      // A server knows everything but the code.
      await sealLinkAnswer(
        { ...stranger, exchangeId: secrets.exchangeId },
        { request: pending.request, statement, account },
      ),
      await sealLinkAnswer(secrets, { request: again.request, statement: again.statement, account }),
    ]) {
      await assert.rejects(openLinkAnswer(secrets, pending, wrong), forged);
    }
  });

  it('a confirmation of something else is refused', async () => {
    const other = await sealLinkAnswer(secrets, { request: pending.request, statement, account });
    const confirmation = await makeLinkConfirmation(secrets, other);
    await assert.rejects(checkLinkConfirmation(secrets, { answer, confirmation }), forged);
  });
});
