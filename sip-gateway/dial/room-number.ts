import { matchDialRule, type TelephonyConfig } from '../../signaling/protocol/index.ts';

/** A number without wildcards, that may stand in a SIP URI as it is. */
const PLAIN_NUMBER = /^[0-9A-WYZa-z+#._~-]+$/;

/** The number by which a phone can call a room without a PIN; undefined where the dial plan has none. */
export function roomNumber(
  { dialPlan }: Pick<TelephonyConfig, 'dialPlan'>,
  roomId: string,
): string | undefined {
  const rule = dialPlan.find(
    ({ direction, pattern, action }) =>
      direction === 'incoming' &&
      action.type === 'room' &&
      action.roomId === roomId &&
      action.pin === undefined &&
      PLAIN_NUMBER.test(pattern),
  );
  // An earlier rule may take the number elsewhere.
  return rule && matchDialRule(dialPlan, 'incoming', rule.pattern) === rule ? rule.pattern : undefined;
}
