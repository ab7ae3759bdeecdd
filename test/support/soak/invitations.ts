import assert from 'node:assert/strict';
import { enrol, parseInvitation } from '../../../client/sdk/index.ts';
import { roomAt, type SoakRun } from './soak-run.ts';

/** Minimum lifetime of an invitation, in seconds. */
const MIN_TTL_SECONDS = 60;
const EXPIRED_MS = (MIN_TTL_SECONDS + 2) * 1000;

/** Invitations that are used, used twice, withdrawn, and left to expire. */
export function invites(run: SoakRun): Promise<void> {
  const expiring: Array<{ link: string; madeAtMs: number }> = [];
  const refused = async (link: string, codes: RegExp) => {
    await assert.rejects(takeUp(run, link), ({ code }: { code?: string }) => codes.test(code ?? ''));
  };
  return run.repeat('invitation', 3000, async (time) => {
    const make = async (ttlSeconds: number, displayName = 'Invited') => {
      const body = { role: 'guest', roomId: roomAt(time), displayName, ttlSeconds };
      return (await run.server.api<{ url: string }>('POST', '/api/invites', body)).url;
    };
    const link = await make(3600);
    await takeUp(run, link);
    await refused(link, /^INVITE_USED$/);

    const name = `Withdrawn ${time}`;
    const withdrawn = await make(3600, name);
    const { invitations } = await run.server.api<{
      invitations: Array<{ invitationId: string; displayName: string | null }>;
    }>('GET', '/api/invites');
    const open = invitations.find(({ displayName }) => displayName === name);
    assert.ok(open, 'the invitation is listed');
    await run.server.api('DELETE', `/api/invites/${open.invitationId}`);
    await refused(withdrawn, /^INVITE_EXPIRED$/);

    expiring.push({ link: await make(MIN_TTL_SECONDS), madeAtMs: performance.now() });
    const [oldest] = expiring;
    if (oldest && performance.now() - oldest.madeAtMs > EXPIRED_MS) {
      await refused(oldest.link, /^INVITE_EXPIRED$/);
      expiring.shift();
    }
  });
}

async function takeUp(run: SoakRun, link: string): Promise<void> {
  const invitation = parseInvitation(link);
  assert.ok(invitation);
  await enrol({ serverUrl: run.server.url, ...invitation });
}
