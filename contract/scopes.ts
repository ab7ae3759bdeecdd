import { z } from 'zod';

/**
 * What an API token may do. `RESOURCE:read` covers requests that only read; everything else about the resource needs `RESOURCE:write`, which
 * does not include reading.
 */
export const SCOPES = {
  'rooms:read': 'List rooms with their people, settings and bans, and what everyone receives.',
  'rooms:write': 'Create, configure, close and delete rooms; mute, remove and ban people.',
  'chat:read': 'Read, search and export the chat and the polls of any room.',
  'chat:write': 'Delete messages, a whole chat, or polls.',
  'recordings:read': 'List and download the recordings of any room.',
  'recordings:write': 'Delete recordings.',
  'links:read': 'See room links. Anyone who has one can ask to join.',
  'links:write': 'Create, renew and withdraw room links.',
  'streams:read': 'List stream keys, without their secrets.',
  'streams:write': 'Make and revoke keys with which programs send into any room, or watch it.',
  'invitations:read': 'List open invitations.',
  'invitations:write':
    'Create and withdraw invitations. To invite admins or bridges, a token needs `accounts:write` too.',
  'accounts:read': 'List accounts and their devices.',
  'accounts:write': 'Revoke accounts and devices, change roles.',
  'phones:read': 'Read phones, trunks and the dial plan.',
  'phones:write': 'Change phones, trunks, the dial plan and the PINs for callers.',
  'calls:read': 'List calls.',
  'calls:write': 'Call phones, which may cost money, and hang up.',
  'metrics:read': 'Read metrics that are current and not rate-limited.',
  'tokens:read': 'List API tokens.',
  'tokens:write': 'Create tokens with no more rights than one’s own, and revoke any.',
  'audit:read': 'Read the audit log.',
  'server:read': 'See the state of the server: media workers, link, disks.',
  'webhooks:read': 'List webhooks and what was delivered, without its content.',
  'webhooks:write':
    'Create, change, test and delete webhooks, which can report everything that happens, chat included.',
} as const;

/**
 * What administrators may do from the page's console. They may neither read chats nor create access that outlives their role.
 */
export const CONSOLE_SCOPES: readonly Scope[] = [
  ...(['rooms:read', 'rooms:write', 'invitations:read', 'invitations:write'] as const),
  ...(['accounts:read', 'accounts:write', 'phones:read', 'phones:write'] as const),
  ...(['calls:read', 'calls:write', 'recordings:read', 'recordings:write'] as const),
  ...(['audit:read', 'server:read'] as const),
];

export const scope = z.enum(Object.keys(SCOPES) as [Scope, ...Scope[]]);
export type Scope = keyof typeof SCOPES;
