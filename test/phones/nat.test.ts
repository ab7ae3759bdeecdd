import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NatNetwork, noNamespaces } from '../support/nat-network.ts';
import { noPjsua } from '../support/pjsua-phone.ts';
import { runNatScenario } from './run-nat-scenario.ts';

describe('phones behind a NAT', { skip: noPjsua || noNamespaces }, () => {
  it('hear each other in a room that one calls and the other is called from, hold, resume and are hung up', async () => {
    const network = await NatNetwork.create();
    try {
      const { status, output } = await runNatScenario(
        network,
        new URL('nat-scenario.ts', import.meta.url),
        1,
        0,
      );
      assert.equal(status, 0, output);
    } finally {
      await network.close();
    }
  });
});
