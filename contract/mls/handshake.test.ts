import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestDeployment } from '../../test/support/encrypted-devices.ts';
import { withAuthenticatedData } from '../../test/support/many-proposals.ts';
import { RoomGroup } from '../../test/support/room-groups.ts';
import { readCommit } from './index.ts';

describe('the commits that rooms permit', () => {
  let deployment: TestDeployment;
  before(async () => {
    deployment = await TestDeployment.create();
  });
  after(() => deployment.close());

  it('threat 43: carry no authenticated data, which could be of any size', async () => {
    const room = { roomId: 'team', policy: 'required', authorities: deployment.authorities };
    const group = await RoomGroup.create(await deployment.member(room));
    const { commit } = await group.commit({});
    assert.equal(readCommit(commit).epoch, 0n);
    assert.throws(() => readCommit(withAuthenticatedData(commit)), { detail: /authenticated data/ });
  });
});
