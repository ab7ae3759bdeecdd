import type { Config } from '../base/index.ts';
import { type AuditEntry, auditList } from '../signaling/index.ts';
import { OwnApi } from './own-api.ts';
import { time } from './text.ts';

export interface AuditOptions {
  url?: string;
  action?: string;
  room?: string;
  account?: string;
  actor?: string;
  limit: string;
  json?: boolean;
}

/** Lists the audit log of the running server, latest first, as text or JSON. */
export async function audit(
  config: Config,
  { url, action, room, account, actor, limit, json }: AuditOptions,
): Promise<string> {
  const query = new URLSearchParams({
    limit,
    ...(action !== undefined && { action }),
    ...(room !== undefined && { roomId: room }),
    ...(account !== undefined && { accountId: account }),
    ...(actor !== undefined && { actorId: actor }),
  });
  const { entries } = auditList.parse(await new OwnApi(config, url).call('GET', `/api/audit?${query}`));
  if (json) {
    return `${JSON.stringify(entries, null, 2)}\n`;
  }
  return entries.length === 0 ? 'There are no such entries.\n' : `${entries.map(line).join('\n')}\n`;
}

function line({ atMs, actor, action, outcome, roomId, accountId, details, count }: AuditEntry): string {
  const { kind, name, id, address } = actor;
  const parts = [
    time(atMs),
    `${kind} ${name ?? id ?? ''}`.trim() + (address === null ? '' : ` (${address})`),
    `${action}${count > 1 ? ` ×${count}` : ''}${outcome === 'ok' ? '' : ` refused: ${outcome}`}`,
    ...(roomId === null ? [] : [`room ${roomId}`]),
    ...(accountId === null ? [] : [`account ${accountId.slice(0, 12)}`]),
    ...(details === null ? [] : [JSON.stringify(details)]),
  ];
  return parts.join('  ');
}
