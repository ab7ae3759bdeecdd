import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialPlan, sipTrunk, type TelephonyConfig } from '../../contract/index.ts';
import { type Call, parseUri } from '../sip/index.ts';
import { Forwarding } from './forwarding.ts';

const own = { ha1: { md5: '', sha256: '' }, srtp: 'off', keying: 'sdes', ice: 'off' } as const;
const config: TelephonyConfig = {
  realm: 'canopy',
  language: 'en',
  pins: [],
  phones: [
    ...Array.from({ length: 9 }, (_, index) => ({ username: `100${index}`, ...own })),
    { username: 'boss', ...own, transfers: 'outgoing' },
    { username: 'fixed', ...own, transfers: 'off' },
  ],
  trunks: [sipTrunk.parse({ name: 'office', uri: 'sip:pbx.example' })],
  dialPlan: dialPlan.parse([
    { pattern: '100', action: { type: 'room', roomId: 'team' } },
    { direction: 'outgoing', pattern: '0*', action: { type: 'trunk', trunk: 'office' } },
  ]),
};

const first = (number: string) => ({
  target: { user: number },
  number,
  trunk: null,
  callerId: undefined,
});
const phone = (username: string): Pick<Call, 'identity' | 'remote'> => ({
  identity: { kind: 'user', username },
  remote: { uri: parseUri(`sip:${username}@here`), params: new Map() },
});
const moved = (contacts: string[], diversions: string[] = []) => ({
  cause: 'refused' as const,
  status: 302,
  redirection: { contacts: contacts.map((text) => parseUri(text)), diversions },
});

describe('Forwarding', () => {
  it('goes to the first contact that the phone may forward to, whatever host it names, and passes the diversions on', () => {
    const forwarding = new Forwarding(config, first('1001'));
    const next = forwarding.next(
      phone('1001'),
      moved(['sip:0301234@evil.example', 'sip:100@here', 'sip:nobody@here', 'sip:boss@evil.example']),
    );
    assert.deepEqual(next?.route.target, { user: 'boss' });
    assert.deepEqual(next?.headers, [['diversion', '<sip:1001@here>;reason=unknown;counter=1']]);
    const outside = forwarding.next(
      phone('boss'),
      moved(['tel:0-30-1234'], ['<sip:boss@here>;reason=user-busy']),
    );
    assert.deepEqual(outside?.route.target, { trunk: 'office', number: '0301234' });
    assert.deepEqual(
      outside?.headers.map(([, value]) => value),
      ['<sip:boss@here>;reason=user-busy', '<sip:1001@here>;reason=unknown;counter=1'],
    );
  });

  it('a trunk learns of a phone by the number that it has given us, in the field that it understands', () => {
    const called = ['<sip:+493012@provider.example>;reason=unknown;counter=1'];
    const history =
      '<sip:+493012@provider.example?Reason=SIP%3Bcause%3D302>;index=1, <sip:0301234@pbx.example>;index=1.1;mp=1';
    for (const [forwarded, ...expected] of [
      ['Diversion', ...called.map((value) => ['diversion', value])],
      ['History-Info', ['history-info', history]],
      ['both', ...called.map((value) => ['diversion', value]), ['history-info', history]],
      ['none'],
    ]) {
      const trunk = { name: 'office', uri: 'sip:pbx.example', domain: 'provider.example' };
      const identity = { number: '+493012', forwarded };
      const forwarding = new Forwarding(
        { ...config, trunks: [sipTrunk.parse({ ...trunk, identity })] },
        first('boss'),
      );
      assert.deepEqual(forwarding.next(phone('boss'), moved(['sip:0301234@x']))?.headers, expected);
    }
  });

  it('threat 19: a phone that may not forward, or a trunk by default, does not', () => {
    for (const { identity, remote } of [
      phone('fixed'),
      { ...phone('x'), identity: { kind: 'trunk', trunkId: 'office' } as const },
      { ...phone('x'), identity: { kind: 'anonymous' } as const },
    ]) {
      const forwarding = new Forwarding(config, first('fixed'));
      assert.equal(forwarding.next({ identity, remote }, moved(['sip:1001@here', 'sip:0301@x'])), undefined);
    }
    assert.equal(
      new Forwarding(config, first('1001')).next(phone('1001'), { cause: 'refused', status: 486 }),
      undefined,
    );
  });

  it('threat 19: never calls the same target twice, and forwards at most five times', () => {
    const loop = new Forwarding(config, first('1001'));
    assert.ok(loop.next(phone('1001'), moved(['sip:1002@here'])));
    assert.equal(loop.next(phone('1002'), moved(['sip:1001@here', 'sip:1002@here'])), undefined);
    const chain = new Forwarding(config, first('1000'));
    const steps = Array.from({ length: 8 }, (_, index) =>
      chain.next(phone(`100${index}`), moved([`sip:100${index + 1}@here`])),
    );
    assert.equal(steps.filter((step) => step !== undefined).length, 5);
  });
});
