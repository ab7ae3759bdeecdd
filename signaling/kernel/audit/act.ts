import { displayable } from '../../../contract/index.ts';
import type { PeerPrincipal, TokenPrincipal } from '../principals/index.ts';
import type { ActorKind } from './tables.ts';

/** Who acts, and from where. */
export interface Actor {
  readonly kind: ActorKind;
  /** An account or token. */
  readonly id?: string | undefined;
  /** The name of the account or token, or what the server does it for. */
  readonly name?: string | undefined;
  readonly deviceId?: string | undefined;
  /** IP address. */
  readonly address?: string | undefined;
}

/** Something that someone did, or tried to. */
export interface Act {
  readonly actor: Actor;
  /** Name of the request, e.g. `ban.add`. */
  readonly action: string;
  /** The code of the refusal. Default: it was done. */
  readonly outcome?: string | undefined;
  readonly roomId?: string | undefined;
  /** The account that it was done to. */
  readonly accountId?: string | undefined;
  readonly details?: Record<string, unknown> | undefined;
}

/** The actor that a principal is. */
export function actorOf(principal: PeerPrincipal | TokenPrincipal, address: string): Actor {
  if (principal.kind === 'token') {
    const { tokenId, name, person } = principal;
    if (person) {
      return { kind: 'account', id: person.accountId, name, deviceId: person.deviceId, address };
    }
    return { kind: tokenId === null ? 'operator' : 'token', id: tokenId ?? undefined, name, address };
  }
  const { accountId, displayName, device } = principal;
  return { kind: 'account', id: accountId, name: displayName, deviceId: device.deviceId, address };
}

/** Fields of requests and answers that are recorded with their values. No other value is: it may be secret, or personal. */
const RECORDED = [
  ...[
    'deviceId',
    'participantId',
    'invitationId',
    'linkId',
    'keyId',
    'tokenId',
    'webhookId',
    'callId',
    'pollId',
    'recordingId',
    'shareId',
    'username',
  ],
  ...[
    'name',
    'direction',
    'target',
    'seq',
    'role',
    'scopes',
    'rooms',
    'expiresAtMs',
    'muted',
    'source',
    'deny',
    'link',
  ],
  ...['enabled', 'messagesDeleted', 'connectionsEnded'],
];
const MAX_VALUES = 20;

/**
 * What of a request is recorded: the room, the account and certain values, and of everything else in its body the names of the fields.
 *
 * @param data the request's parameters, with the answer's
 * @param body the part of it whose other fields are named
 */
export function aboutOf(
  data: Record<string, unknown>,
  body: Record<string, unknown> = {},
): Pick<Act, 'roomId' | 'accountId' | 'details'> {
  const recorded = RECORDED.flatMap((field) => {
    const value = data[field];
    return value === undefined || value === null ? [] : [[field, shortened(value)] as const];
  });
  const known = [...RECORDED, 'roomId', 'accountId', 'ownerId'];
  const fields = Object.keys(body)
    .filter((field) => body[field] !== undefined && !known.includes(field))
    .slice(0, MAX_VALUES)
    .map(displayable);
  const details = { ...Object.fromEntries(recorded), ...(fields.length > 0 && { fields }) };
  return {
    roomId: textOf(data.roomId),
    accountId: textOf(data.accountId) ?? textOf(data.ownerId),
    ...(Object.keys(details).length > 0 && { details }),
  };
}

/** Fit for a terminal and for every database, since a request may be refused for what is in it. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? displayable(value) : undefined;
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') {
    return displayable(value);
  }
  if (Array.isArray(value)) {
    return value.slice(0, MAX_VALUES).map((each) => displayable(String(each)));
  }
  return typeof value === 'object' ? undefined : value;
}
