// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NatNetwork, noNamespaces } from '../support/nat-network.ts';
import { noPjsua } from '../support/pjsua-phone.ts';
import { runNatScenario } from './run-nat-scenario.ts';

describe('phones with ICE', { skip: noPjsua || noNamespaces }, () => {
  it('behind a NAT (PJSIP) and beside the server (baresip): both call, are called, and hear each other, also after kill -9 of the gateway', async () => {
    const network = await NatNetwork.create();
    try {
      const { status, output } = await runNatScenario(network, new URL('ice-scenario.ts', import.meta.url));
      assert.equal(status, 0, output);
    } finally {
      await network.close();
    }
  });
});
