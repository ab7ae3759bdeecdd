import type { TelephonyConfig } from '../../contract/index.ts';
import type { IncomingRoute } from '../dial/index.ts';
import type { Admission } from './pin-dialogue.ts';

/** The PINs that let the caller in; undefined: none is asked for. A PIN of moderators that is somebody's ordinary one is just that. */
export function pinsAt(
  route: Exclude<IncomingRoute, { type: 'reject' }>,
  { pins }: TelephonyConfig,
): ReadonlyMap<string, Admission> | undefined {
  if (route.type === 'room' && route.pin === undefined) {
    return undefined;
  }
  const leading = pins.filter(({ roomId, isModerator }) =>
    route.type === 'room' ? isModerator && roomId === route.roomId : true,
  );
  const admissions = leading
    .map(({ pin, roomId, isModerator = false }) => ({ pin, roomId, isModerator }))
    .sort((a, b) => Number(b.isModerator) - Number(a.isModerator));
  return new Map([
    ...admissions.map(({ pin, ...admission }) => [pin, admission] as const),
    ...(route.type === 'room' && route.pin !== undefined
      ? [[route.pin, { roomId: route.roomId, isModerator: false }] as const]
      : []),
  ]);
}
