import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { Tickets } from './tickets.ts';

describe('Tickets', () => {
  const key = Buffer.alloc(32, 1);
  const tickets = new Tickets(key);
  const claims = { roomId: 'team', peerId: 'p', deviceId: 'd', displayName: 'Ann', role: 'member' as const };
  const refused = { code: 'TICKET_INVALID' };

  it('verifies what was issued, on any node with the key', async () => {
    const ticket = await tickets.issue(claims);
    assert.deepEqual(await new Tickets(key).verify(ticket, { deviceId: 'd', roomId: 'team' }), claims);
  });

  it('threat 5: refuses another device, another room, another deployment', async () => {
    const ticket = await tickets.issue(claims);
    await assert.rejects(tickets.verify(ticket, { deviceId: 'e', roomId: 'team' }), refused);
    await assert.rejects(tickets.verify(ticket, { deviceId: 'd', roomId: 'other' }), refused);
    await assert.rejects(
      new Tickets(Buffer.alloc(32, 2)).verify(ticket, { deviceId: 'd', roomId: 'team' }),
      refused,
    );
  });

  it('threat 5: refuses unsigned, changed, expired and foreign tokens', async () => {
    const expected = { deviceId: 'd', roomId: 'team' };
    const ticket = await tickets.issue(claims);
    const [header, payload, signature] = ticket.split('.');
    const none = Buffer.from('{"alg":"none","typ":"canopy-ticket"}').toString('base64url');
    const admin = Buffer.from(JSON.stringify({ ...claims, sub: 'd', role: 'admin' })).toString('base64url');
    const make = (typ: string, expires: string) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'HS256', typ })
        .setSubject('d')
        .setExpirationTime(expires)
        .sign(key);
    for (const bad of [
      '',
      'x',
      `${none}.${payload}.`,
      `${header}.${admin}.${signature}`,
      await make('canopy-ticket', '-1 s'),
      await make('JWT', '5 min'),
    ]) {
      await assert.rejects(tickets.verify(bad, expected), refused, bad);
    }
  });
});
