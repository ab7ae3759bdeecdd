import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NatNetwork, noNamespaces } from '../support/nat-network.ts';
import { noPjsua } from '../support/pjsua-phone.ts';
import { runNatScenario } from './run-nat-scenario.ts';

it('phones behind a NAT stay in their calls for ten minutes, including holds', {
  skip: noPjsua || noNamespaces,
}, async () => {
  const network = await NatNetwork.create();
  try {
    const { status, output } = await runNatScenario(
      network,
      new URL('nat-scenario.ts', import.meta.url),
      10,
      50,
    );
    assert.equal(status, 0, output);
  } finally {
    await network.close();
  }
});
