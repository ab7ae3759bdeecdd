import assert from 'node:assert/strict';
import { after, before, it, type TestContext } from 'node:test';
import { CanopyError } from '../../../contract/light.ts';
import { TestDeployment } from '../../../test/support/encrypted-devices.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { Identity } from '../identity/index.ts';
import { RoomGroup } from './group/index.ts';
import { RoomEncryption, type RoomEncryptionHost } from './room-encryption.ts';

let deployment: TestDeployment;
before(async () => {
  deployment = await TestDeployment.create();
});
after(() => deployment.close());

/** The first device in a room, once it has the keys. */
async function ready(t: TestContext, { hasContent }: Pick<RoomEncryptionHost, 'hasContent'>) {
  const { chain, deviceKey } = await deployment.device('Ann');
  const answers: Record<string, object> = {
    'encryption.join': { way: 'create' },
    'encryption.create': { outcome: 'accepted' },
    'encryption.revocations': { lists: [] },
  };
  let epochs = 0;
  const encryption = new RoomEncryption({
    roomId: 'team',
    identity: {
      ...{ chain, stored: { deviceKey }, deploymentCa: deployment.deploymentCa, companyCas: [] },
    } as unknown as Identity,
    frames: {
      setEpoch: () => {
        epochs += 1;
      },
      close: () => {},
    },
    hasContent,
    session: { onServerEvent: () => {}, on: () => () => {} } as unknown as RoomEncryptionHost['session'],
    participants: () => [],
    request: async (name) => {
      const answer = answers[name];
      if (!answer) {
        throw new CanopyError('CONNECTION_LOST');
      }
      return answer as never;
    },
  });
  t.after(() => encryption.close());
  encryption.entered({ policy: 'required', group: null, authorities: [...deployment.authorities] });
  await eventually(
    'keys',
    () => encryption.state?.state,
    (state) => state === 'ready',
  );
  assert.equal(epochs, 1);
  return encryption;
}

it('a device that neither reads nor writes messages, such as the phone gateway, derives no keys for them', async (t) => {
  const derived = t.mock.method(RoomGroup.prototype, 'contentEpoch');
  const without = await ready(t, { hasContent: false });
  assert.equal(without.content, undefined);
  assert.equal(derived.mock.callCount(), 0);
  const reader = await ready(t, { hasContent: true });
  assert.equal(reader.content?.epoch()?.epoch, 0n);
  assert.equal(derived.mock.callCount(), 1);
});
