import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createCipherSuite } from './cipher-suite.ts';

it('derived private keys are exported where the browser itself does not do that, as Firefox', async (t) => {
  const { subtle } = crypto;
  const [importKey, exportKey] = [subtle.importKey.bind(subtle), subtle.exportKey.bind(subtle)];
  const imported = new WeakSet<CryptoKey>();
  t.mock.method(subtle, 'importKey', async (...args: Parameters<typeof importKey>) => {
    const key = await importKey(...args);
    if ((args[0] as string) === 'pkcs8') {
      imported.add(key);
    }
    return key;
  });
  t.mock.method(subtle, 'exportKey', async (...args: Parameters<typeof exportKey>) => {
    if (imported.has(args[1])) {
      throw new DOMException('The operation failed for an operation-specific reason', 'OperationError');
    }
    return exportKey(...args);
  });
  const { privateKey: deviceKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  const { hpke } = await createCipherSuite(deviceKey);
  const { privateKey, publicKey } = await hpke.deriveKeyPair(new Uint8Array(32).fill(7));
  const exported = await hpke.exportPrivateKey(privateKey);
  assert.equal(exported.length, 32);
  const [text, info] = [new Uint8Array([1, 2, 3]), new Uint8Array()];
  const { ct, enc } = await hpke.seal(publicKey, text, info);
  assert.deepEqual(await hpke.open(await hpke.importPrivateKey(exported), enc, ct, info), text);
});
